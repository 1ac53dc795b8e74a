package dev.godwit.daemon;

import dev.godwit.api.Problem;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** How answers are sent. */
final class Answers {
    private Answers() {}

    static void json(ServerResponse response, int status, Object value) {
        response.status(status)
                .header(HeaderNames.CONTENT_TYPE, "application/json")
                .send(Json.bytes(value));
    }

    /** JSON that another host wrote. */
    static void document(ServerResponse response, int status, byte[] json) {
        response.status(status)
                .header(HeaderNames.CONTENT_TYPE, "application/json")
                .send(json);
    }

    static void nothing(ServerResponse response) {
        response.status(204).send();
    }

    static void problem(ServerResponse response, Problem problem) {
        response.status(problem.status())
                .header(HeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE)
                .send(Json.bytes(problem));
    }

    /** A problem that another host wrote. */
    static void problem(ServerResponse response, int status, byte[] json) {
        response.status(status)
                .header(HeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE)
                .send(json);
    }

    /** Streams what is read until its end. */
    static void stream(ServerResponse response, String mediaType, InputStream content) throws IOException {
        response.status(200).header(HeaderNames.CONTENT_TYPE, mediaType);
        try (content;
                OutputStream out = response.outputStream()) {
            content.transferTo(out);
        }
    }

    /** Streams a file, with its length where that is known. */
    static void file(ServerResponse response, GuestFile file) throws IOException {
        if (file.sizeBytes() != GuestFile.UNKNOWN) {
            response.header(HeaderNames.CONTENT_LENGTH, Long.toString(file.sizeBytes()));
        }
        stream(response, "application/octet-stream", file.content());
    }
}

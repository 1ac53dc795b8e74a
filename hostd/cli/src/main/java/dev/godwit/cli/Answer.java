package dev.godwit.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * An answer whose body is still on its way. Source: RFC 9112.
 *
 * @param body to be read to its end, or given up with {@link #close}
 */
record Answer(int status, Map<String, String> headers, InputStream body, Connection connection)
        implements AutoCloseable {
    private static final int LINE_CHARACTERS_MAX = 16 * 1024;
    private static final int HEADERS_MAX = 100;

    /** About the longest list that a fleet of a thousand hosts has. */
    private static final int DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;

    /** Sends a request on a fresh connection and reads the head of its answer; closes the connection when it fails. */
    static Answer on(Connection connection, Endpoint endpoint, Request request, int silenceMillis) throws IOException {
        try {
            connection.timeout(silenceMillis);
            connection.write(request.head(endpoint.host()).getBytes(StandardCharsets.ISO_8859_1));
            connection.write(request.body());
            return read(connection);
        } catch (IOException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private static Answer read(Connection connection) throws IOException {
        String line = connection.line(LINE_CHARACTERS_MAX);
        if (!line.startsWith("HTTP/1.1 ") || line.length() < 12) {
            throw new IOException("it does not speak HTTP/1.1; is it a hostd?");
        }
        int status;
        try {
            status = Integer.parseInt(line.substring(9, 12));
        } catch (NumberFormatException e) {
            throw new IOException("it answered without a status; is it a hostd?", e);
        }
        Map<String, String> headers = new HashMap<>();
        for (String header = connection.line(LINE_CHARACTERS_MAX);
                !header.isEmpty();
                header = connection.line(LINE_CHARACTERS_MAX)) {
            int colon = header.indexOf(':');
            if (colon > 0) {
                headers.put(
                        header.substring(0, colon).toLowerCase(Locale.ROOT),
                        header.substring(colon + 1).strip());
            }
            if (headers.size() > HEADERS_MAX) {
                throw new IOException("its answer has more than " + HEADERS_MAX + " headers");
            }
        }
        return new Answer(status, headers, body(status, headers, connection), connection);
    }

    /** By its length or its chunks; only an answer with neither goes by the end of the connection. */
    private static InputStream body(int status, Map<String, String> headers, Connection connection) throws IOException {
        if (status == 204) {
            return connection.body(0);
        }
        if ("chunked".equalsIgnoreCase(headers.get("transfer-encoding"))) {
            return new ChunkedBody(connection);
        }
        String length = headers.get("content-length");
        if (length == null) {
            return connection.body(Long.MAX_VALUE);
        }
        try {
            return connection.body(Long.parseLong(length));
        } catch (NumberFormatException e) {
            throw new IOException("\"" + length + "\" in its answer is not a length", e);
        }
    }

    /** The whole body. */
    byte[] document() throws IOException {
        ByteArrayOutputStream document = new ByteArrayOutputStream();
        byte[] buffer = new byte[16 * 1024];
        for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
            document.write(buffer, 0, read);
            if (document.size() > DOCUMENT_BYTES_MAX) {
                throw new IOException("its answer is longer than " + DOCUMENT_BYTES_MAX + " bytes");
            }
        }
        return document.toByteArray();
    }

    @Override
    public void close() {
        connection.close();
    }
}

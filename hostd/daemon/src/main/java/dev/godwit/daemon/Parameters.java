package dev.godwit.daemon;

import io.helidon.webserver.http.ServerRequest;
import java.util.List;
import java.util.Optional;

/** What stands in a request's path and query. */
final class Parameters {
    private Parameters() {}

    static String path(ServerRequest request, String name) {
        return request.path().pathParameters().get(name);
    }

    static Optional<String> query(ServerRequest request, String name) {
        List<String> values = request.query().all(name, List::of);
        if (values.size() > 1) {
            throw new BadRequest(
                    "The query parameter \"" + name + "\" stands " + values.size() + " times; once is enough.");
        }
        return values.stream().findFirst();
    }

    static String needed(ServerRequest request, String name) {
        return query(request, name)
                .filter(value -> !value.isEmpty())
                .orElseThrow(() -> new BadRequest("The query parameter \"" + name + "\" is missing."));
    }

    /** A count of bytes, 0 when it is left out. */
    static long offset(ServerRequest request, String name) {
        String text = query(request, name).orElse("0");
        try {
            long offset = Long.parseLong(text);
            if (offset >= 0) {
                return offset;
            }
        } catch (NumberFormatException e) {
            throw new BadRequest("The query parameter " + name + "=" + text + " is not a number of bytes.");
        }
        throw new BadRequest("The query parameter " + name + "=" + text + " is below 0.");
    }

    /** A whole number between two others, ends allowed. */
    static int number(ServerRequest request, String name, int min, int max, int otherwise) {
        Optional<String> text = query(request, name);
        if (text.isEmpty()) {
            return otherwise;
        }
        try {
            int number = Integer.parseInt(text.get());
            if (number >= min && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new BadRequest("The query parameter " + name + "=" + text.get() + " is not a whole number.");
        }
        throw new BadRequest(
                "The query parameter " + name + "=" + text.get() + " is not between " + min + " and " + max + ".");
    }

    static boolean flag(ServerRequest request, String name) {
        String text = query(request, name).orElse("false");
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new BadRequest("The query parameter " + name + "=" + text + " is neither true nor false.");
        };
    }
}

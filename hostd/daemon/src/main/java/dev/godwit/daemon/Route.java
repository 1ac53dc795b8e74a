package dev.godwit.daemon;

import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

/**
 * A row of the REST API.
 *
 * @param method in capitals
 * @param path as in {@code openapi.yaml}, for example <code>/v1/vms/{vm}</code>
 */
record Route(String method, String path, Action action) {
    /** Answers a request; what it throws is answered by {@link Problems}. */
    interface Action {
        void answer(ServerRequest request, ServerResponse response) throws Exception;
    }

    /** Whether a request's path is one of this route's. */
    boolean takes(String requestPath) {
        String[] pattern = path.split("/", -1);
        String[] parts = requestPath.split("/", -1);
        if (pattern.length != parts.length) {
            return false;
        }
        for (int i = 0; i < parts.length; i++) {
            if (!pattern[i].startsWith("{") && !pattern[i].equals(parts[i])) {
                return false;
            }
        }
        return true;
    }
}

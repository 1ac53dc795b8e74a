package dev.godwit.cli;

/**
 * A request, without where it goes.
 *
 * @param path with its query, encoded
 * @param mediaType of the body; empty without one
 * @param header one more header line, or empty
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and a copy of every body would buy nothing
record Request(String method, String path, byte[] body, String mediaType, String header) {
    private static final byte[] NOTHING = {};

    static Request get(String path) {
        return new Request("GET", path, NOTHING, "", "");
    }

    static Request delete(String path) {
        return new Request("DELETE", path, NOTHING, "", "");
    }

    static Request post(String path, byte[] json) {
        return new Request("POST", path, json, "application/json", "");
    }

    static Request post(String path) {
        return new Request("POST", path, NOTHING, "", "");
    }

    static Request put(String path, byte[] json) {
        return new Request("PUT", path, json, "application/json", "");
    }

    static Request bytes(String path, byte[] body) {
        return new Request("POST", path, body, "application/octet-stream", "");
    }

    Request with(String headerLine) {
        return new Request(method, path, body, mediaType, headerLine);
    }

    /** Each request has a connection of its own; the server is told, and the answer's own length is what counts. */
    String head(String host) {
        StringBuilder head = new StringBuilder(256);
        head.append(method)
                .append(' ')
                .append(path)
                .append(" HTTP/1.1\r\nHost: ")
                .append(host);
        head.append("\r\nConnection: close\r\n");
        if (body.length > 0 || method.equals("POST")) {
            head.append("Content-Length: ").append(body.length).append("\r\n");
        }
        if (!mediaType.isEmpty()) {
            head.append("Content-Type: ").append(mediaType).append("\r\n");
        }
        if (!header.isEmpty()) {
            head.append(header).append("\r\n");
        }
        return head.append("\r\n").toString();
    }
}

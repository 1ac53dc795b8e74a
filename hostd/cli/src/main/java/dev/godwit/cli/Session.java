package dev.godwit.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * What a command works with.
 *
 * @param json whether answers are printed as they came, one document
 */
record Session(Fleet fleet, boolean json, InputStream in, PrintStream out, PrintStream err) {
    /** One JSON document on a line of its own. */
    void document(byte[] document) {
        out.write(document, 0, document.length);
        out.write('\n');
        out.flush();
    }

    /** A part of a path or a query. */
    static String encoded(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }
}

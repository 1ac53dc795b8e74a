package dev.godwit.edge;

import java.io.IOException;

/** A message of the connection replica that no edge sends. The link is given up; the next one begins with everything. */
public final class BadReplica extends IOException {
    private static final long serialVersionUID = 1L;

    BadReplica(String why) {
        super(why);
    }
}

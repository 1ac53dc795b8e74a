package dev.godwit.replication;

import java.io.IOException;

/** A replication is over before its end: what was sent is of no use. The source goes on. */
public final class ReplicationFailed extends IOException {
    ReplicationFailed(String message) {
        super(message);
    }

    ReplicationFailed(String message, Throwable cause) {
        super(message, cause);
    }
}

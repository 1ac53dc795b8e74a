package dev.godwit.client;

import java.io.IOException;

/** None of the endpoints could be reached in the time given; the message says what each of them did. */
public final class NoEndpointReachable extends IOException {
    private static final long serialVersionUID = 1L;

    NoEndpointReachable(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}

package dev.godwit.client;

import java.io.IOException;

/**
 * The answer was lost after the request was sent, on the way from here to a host or from that host to another: it may have
 * been done or not, and doing it twice would harm.
 */
public final class AnswerLost extends IOException {
    private static final long serialVersionUID = 1L;

    AnswerLost(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}

package dev.godwit.client;

import java.io.IOException;

/** The connection was lost after the request was sent: it may have been done or not, and doing it twice would harm. */
public final class AnswerLost extends IOException {
    private static final long serialVersionUID = 1L;

    AnswerLost(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}

package dev.godwit.tls;

import java.io.IOException;

/** Files of an identity can't be used; the message says which, why, and what to do. */
public final class TlsUnusable extends IOException {
    private static final long serialVersionUID = 1L;

    public TlsUnusable(String sentence) {
        super(sentence);
    }

    public TlsUnusable(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}

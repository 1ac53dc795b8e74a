package dev.godwit.peer;

import java.io.IOException;

/** The peer understood and said no. Trying again gives the same answer. */
public final class PeerRefused extends IOException {
    private final String code;

    /**
     * A refusal.
     *
     * @param code one word for programs, for example {@code no-memory}
     * @param sentence for people: which and how much
     */
    public PeerRefused(String code, String sentence) {
        super(sentence);
        this.code = code;
    }

    /** One word for programs. */
    public String code() {
        return code;
    }

    /** What the peer said. */
    public String sentence() {
        return String.valueOf(getMessage());
    }
}

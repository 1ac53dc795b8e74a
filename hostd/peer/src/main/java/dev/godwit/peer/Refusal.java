package dev.godwit.peer;

import java.nio.charset.StandardCharsets;

/** How a refusal travels: {@code code\nsentence}. */
final class Refusal {
    /** A sentence is cut here: it is for people. */
    private static final int SENTENCE_CHARS_MAX = 4096;

    private Refusal() {}

    static byte[] bytes(PeerRefused refused) {
        String sentence = refused.sentence();
        int end = Math.min(sentence.length(), SENTENCE_CHARS_MAX);
        return (refused.code() + "\n" + sentence.substring(0, end)).getBytes(StandardCharsets.UTF_8);
    }

    static PeerRefused of(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        int cut = text.indexOf('\n');
        return cut < 0
                ? new PeerRefused("refused", text)
                : new PeerRefused(text.substring(0, cut), text.substring(cut + 1));
    }
}

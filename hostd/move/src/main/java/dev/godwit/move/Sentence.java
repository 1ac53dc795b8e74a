package dev.godwit.move;

/** What a failure says for itself. */
final class Sentence {
    private Sentence() {}

    static String of(Exception failure) {
        String message = failure.getMessage();
        return message == null ? failure.toString() : message;
    }
}

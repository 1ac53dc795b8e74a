package dev.godwit.move;

/** The target does not take the VM; the message is a sentence that says what it lacks and how much. */
public final class ReservationRefused extends Exception {
    public ReservationRefused(String sentence) {
        super(sentence);
    }
}

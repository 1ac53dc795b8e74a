package dev.godwit.move;

/**
 * hostd goes down while a port works: an interrupt closes the channels under it, so what failed says nothing about the move.
 * It stays open, and the next start of hostd resolves it.
 */
final class Interruption {
    private Interruption() {}

    /** Throws when this thread was interrupted; a failure is to be judged only after it. */
    static void rethrow() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("hostd goes down; the move stays open for its next start");
        }
    }
}

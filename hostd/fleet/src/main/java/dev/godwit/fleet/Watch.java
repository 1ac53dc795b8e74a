package dev.godwit.fleet;

/** A watch that runs until closed. */
public interface Watch extends AutoCloseable {
    /** No call of the consumer begins after this returns. */
    @Override
    void close();
}

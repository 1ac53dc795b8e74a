package dev.godwit.daemon;

import dev.godwit.api.ExecEnd;
import dev.godwit.api.ExecOutput;
import java.io.IOException;
import java.time.Duration;

/**
 * A reader attached to a command's output. While it is attached the ring does not drop what it has not read: the command
 * waits instead. Used by one thread; {@link #close} may be called by another and ends a waiting {@link #next}.
 */
public interface ExecReader extends AutoCloseable {
    /** What came. */
    sealed interface Item {}

    /** Output, the bytes of one stream in order. At most 64 KiB a piece, so that a slow client holds little memory. */
    record Output(ExecOutput output) implements Item {}

    /** The command ended and all its output was read. Nothing comes after it. */
    record End(ExecEnd end) implements Item {}

    /** Nothing came within the wait. */
    record Nothing() implements Item {}

    /**
     * Waits for output.
     *
     * @throws IOException the guest was lost, or the VM left this host: the client attaches again at its offsets
     */
    Item next(Duration wait) throws IOException;

    @Override
    void close();
}

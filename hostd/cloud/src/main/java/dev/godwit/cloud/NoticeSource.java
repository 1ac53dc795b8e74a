package dev.godwit.cloud;

import java.util.function.Consumer;

/**
 * Where notices come from. A source is started once, tells each notice once (by {@link Notice#id}), and is closed by its
 * owner. The listener is called on the source's own thread and must not block for long: the next poll waits for it.
 */
public interface NoticeSource extends AutoCloseable {

    /**
     * Begins to watch.
     *
     * @throws IllegalStateException if it was started before
     */
    void start(Consumer<Notice> listener);

    /** Whether notices would be seen now; any thread may ask. */
    NoticeHealth health();

    /** Stops watching and waits until the listener is no longer called. Closing twice does nothing. */
    @Override
    void close();
}

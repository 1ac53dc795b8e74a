package dev.godwit.cloud.none;

import dev.godwit.cloud.Notice;
import dev.godwit.cloud.NoticeHealth;
import dev.godwit.cloud.NoticeSource;
import java.util.function.Consumer;

/** The source of a host that no provider takes away: it never tells anything. Thread-safe. */
public final class NoNotices implements NoticeSource {
    @Override
    public void start(Consumer<Notice> listener) {}

    @Override
    public NoticeHealth health() {
        return NoticeHealth.SEEING;
    }

    @Override
    public void close() {}
}

package dev.godwit.edge;

import dev.godwit.linux.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A seat in a file that several processes share; an edge is cut off from it by a file {@code cut-ID} beside it. */
final class FileSeat implements EdgeSeat {
    private final Path folder;

    FileSeat(Path folder) {
        this.folder = folder;
    }

    private record Record(String holder, long fence, long endsAtNanos) {}

    private interface Change {
        /** The record to write in place of {@code now}; null leaves it. */
        @Nullable
        Record change(Record now);
    }

    private boolean change(String edgeId, Change change) throws IOException {
        if (Files.exists(folder.resolve("cut-" + edgeId))) {
            throw new IOException("the fleet store does not answer");
        }
        try (FileChannel file = FileChannel.open(
                        folder.resolve("seat"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            ByteBuffer bytes = ByteBuffer.allocate(200);
            while (file.read(bytes) > 0) {}
            String[] fields = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8).split(" ");
            Record now = fields.length < 3
                    ? new Record("", 0, 0)
                    : new Record(fields[0], Long.parseLong(fields[1]), Long.parseLong(fields[2]));
            Record next = change.change(now);
            if (next == null) {
                return false;
            }
            file.truncate(0);
            String text = next.holder() + " " + next.fence() + " " + next.endsAtNanos();
            file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
            return lock.isValid();
        }
    }

    @Override
    public Optional<Taken> take(String edgeId, Duration ttl) throws IOException {
        Taken[] taken = new Taken[1];
        boolean mine = change(edgeId, now -> {
            if (Clock.BOOTTIME.nanos() < now.endsAtNanos() && !now.holder().equals(edgeId)) {
                return null;
            }
            taken[0] = new Taken(now.fence() + 1, now.holder());
            return new Record(edgeId, now.fence() + 1, Clock.BOOTTIME.nanos() + ttl.toNanos());
        });
        return mine ? Optional.of(taken[0]) : Optional.empty();
    }

    @Override
    public boolean renew(String edgeId, long fence, Duration ttl) throws IOException {
        return change(
                edgeId,
                now -> now.fence() != fence || Clock.BOOTTIME.nanos() >= now.endsAtNanos()
                        ? null
                        : new Record(edgeId, fence, Clock.BOOTTIME.nanos() + ttl.toNanos()));
    }

    @Override
    public void leave(String edgeId, long fence) throws IOException {
        change(edgeId, now -> now.fence() == fence ? new Record(edgeId, fence, 0) : null);
    }
}

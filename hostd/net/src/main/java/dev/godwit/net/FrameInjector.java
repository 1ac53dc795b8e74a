package dev.godwit.net;

import dev.godwit.linux.Errno;
import dev.godwit.linux.LinuxException;
import dev.godwit.linux.PacketSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;

/** Puts frames into the queue of a tap, behind those that wait there. Not thread-safe. */
final class FrameInjector implements AutoCloseable {
    private static final Duration RETRY_AFTER = Duration.ofNanos(300_000);
    private static final Duration RETRY_WITHIN = Duration.ofSeconds(5);

    private final PacketSocket socket;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment room = arena.allocate(HeldFrames.FRAME_BYTES_MAX);

    private FrameInjector(PacketSocket socket) {
        this.socket = socket;
    }

    static FrameInjector into(int tapIndex) throws IOException {
        return new FrameInjector(PacketSocket.toInject(tapIndex, false));
    }

    /**
     * Puts frames in, in their order. A tap whose queue is full drops them and counts it.
     *
     * @throws LinuxException ENOBUFS, EAGAIN: the device's queueing discipline took none for seconds; ENETDOWN: it is
     *     down
     */
    void inject(HeldFrames frames) throws IOException {
        for (byte[] frame : frames.frames()) {
            MemorySegment.copy(frame, 0, room, ValueLayout.JAVA_BYTE, 0, frame.length);
            inject(room.asSlice(0, frame.length));
        }
    }

    private void inject(MemorySegment frame) throws IOException {
        long deadline = System.nanoTime() + RETRY_WITHIN.toNanos();
        while (true) {
            try {
                socket.inject(frame);
                return;
            } catch (LinuxException failed) {
                boolean full = failed.errno() == Errno.ENOBUFS || failed.errno() == Errno.EAGAIN;
                if (!full || System.nanoTime() > deadline) {
                    throw failed;
                }
                ShortWait.of(RETRY_AFTER);
            }
        }
    }

    @Override
    public void close() {
        socket.close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}

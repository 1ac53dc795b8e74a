package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;
import dev.godwit.net.CaptureLimit;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The captures that run on this host. Each has a platform thread, which waits in the kernel for frames, and ends between two
 * frames: an interrupt would close the client's connection under it. Thread-safe.
 */
final class Captures {
    /** Each holds a socket with a buffer of some megabytes, and sees every frame of its VM. */
    static final int AT_ONCE_MAX = 16;

    /** A source looks up ten times a second; one that writes to a client that does not read holds nobody up. */
    private static final long END_MILLIS_MAX = 1000;

    private final Semaphore free = new Semaphore(AT_ONCE_MAX);
    private final Set<Running> running = ConcurrentHashMap.newKeySet();

    /** Where frames come from; flushes now and then while there are none. */
    interface Source {
        void writeTo(OutputStream to, CaptureLimit limit) throws IOException;
    }

    /** The capture is to end here; the file is whole. */
    private static final class Ended extends IOException {
        private static final long serialVersionUID = 1L;
    }

    private record Running(String vmId, EndingStream to, CountDownLatch done) {}

    /** Writes frames until the limit is reached, the VM leaves, or the calling thread is interrupted. */
    void run(String vmId, Source source, CaptureLimit limit, OutputStream to) throws IOException {
        if (!free.tryAcquire()) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "There are " + AT_ONCE_MAX + " captures on this host already; end one, or try again later.");
        }
        Running capture = new Running(vmId, new EndingStream(to), new CountDownLatch(1));
        running.add(capture);
        try {
            FutureTask<Boolean> frames = new FutureTask<>(() -> {
                source.writeTo(capture.to(), limit);
                return true;
            });
            Thread.ofPlatform().name("capture-" + vmId).daemon().start(frames);
            await(frames, capture);
        } finally {
            running.remove(capture);
            capture.done().countDown();
            free.release();
        }
    }

    private static void await(FutureTask<Boolean> frames, Running capture) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    frames.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                    capture.to().end();
                } catch (ExecutionException e) {
                    switch (e.getCause()) {
                        case null -> throw new IOException("the capture failed", e);
                        case Ended ended -> {
                            return;
                        }
                        case IOException failed -> throw failed;
                        case RuntimeException failed -> throw failed;
                        default -> throw new IOException("the capture failed", e.getCause());
                    }
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Ends a VM's captures and waits for it a moment: its tap may be taken away then. */
    void end(String vmId) throws IOException {
        for (Running capture : running) {
            if (capture.vmId().equals(vmId)) {
                capture.to().end();
                try {
                    boolean unused = capture.done().await(END_MILLIS_MAX, TimeUnit.MILLISECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new InterruptedIOException("interrupted while a capture of vm " + vmId + " ended");
                }
            }
        }
    }

    /** Ends between two writes, of which each is whole. */
    private static final class EndingStream extends OutputStream {
        private final OutputStream to;
        private volatile boolean ended;

        EndingStream(OutputStream to) {
            this.to = to;
        }

        void end() {
            ended = true;
        }

        private OutputStream open() throws Ended {
            if (ended) {
                throw new Ended();
            }
            return to;
        }

        @Override
        public void write(int value) throws IOException {
            open().write(value);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            open().write(bytes, offset, length);
        }

        @Override
        public void flush() throws IOException {
            open().flush();
        }
    }
}

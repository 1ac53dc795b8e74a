package dev.godwit.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client: a platform thread that reads, and a pool of up to four for what must not stall it. The pool is the
 * connection's own: a client that stops reading its replies blocks nobody else's disk.
 */
final class Connection {
    private static final int POOL_THREADS = 4;
    /** An idle disk keeps no pool thread for longer than this. */
    private static final Duration POOL_IDLE = Duration.ofSeconds(10);

    private static final Logger log = LoggerFactory.getLogger(Connection.class);

    private final int number;
    private final ClientStream client;
    private final RequestMemory memory = new RequestMemory();
    private final ThreadPoolExecutor pool;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable NbdExport export;

    @SuppressWarnings("MustBeClosedChecker") // the stream owns the arena
    Connection(int number, SocketChannel channel) {
        this.number = number;
        this.client = new ClientStream(channel, Arena.ofShared());
        this.pool = new ThreadPoolExecutor(
                POOL_THREADS,
                POOL_THREADS,
                POOL_IDLE.toMillis(),
                TimeUnit.MILLISECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name("nbd-" + number + "-pool-", 0).factory());
        pool.allowCoreThreadTimeOut(true);
    }

    /** Serves the client to its end and leaves nothing behind. Runs on its own platform thread. */
    void run(Handshake.Exports exports) {
        try {
            Session session = new Handshake(client, exports).negotiate();
            if (session != null) {
                new Transmission(client, session, memory, pool).serve();
            }
            log.debug("nbd connection {} ended", number);
        } catch (EOFException | ClosedChannelException left) {
            log.debug("nbd connection {} ended: {}", number, left.getMessage());
        } catch (IOException failed) {
            log.warn("nbd connection {} closed: {}", number, failed.getMessage());
            closeNow();
        } catch (RuntimeException | OutOfMemoryError failed) {
            log.error("nbd connection {} closed", number, failed);
            closeNow();
        } finally {
            end();
        }
    }

    /** Gives everything back; for a connection that never ran, too. */
    void end() {
        try {
            if (!memory.awaitIdle(NbdServer.FINISH_MAX)) {
                log.warn("nbd connection {} is cut: its client does not take its replies", number);
            }
            closeNow();
            memory.awaitIdle();
            pool.shutdown();
        } finally {
            memory.close();
            client.release();
            ended.countDown();
        }
    }

    boolean isNegotiated() {
        return export != null;
    }

    void attach(NbdExport found) {
        export = found;
    }

    boolean serves(NbdExport other) {
        return export == other;
    }

    /** Takes no further request; those that arrived are answered, then the connection ends. */
    void finish() {
        try {
            client.shutdownInput();
        } catch (ClosedChannelException gone) {
            log.debug("nbd connection {} was closed already", number);
        } catch (IOException failed) {
            log.warn("end the input of nbd connection {}", number, failed);
            closeNow();
        }
    }

    /** Waits for the end; after the time is over it is cut. */
    void awaitEnd(Duration time) {
        boolean interrupted = false;
        try {
            if (!ended.await(time.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("nbd connection {} did not end within {} s and is cut", number, time.toSeconds());
            }
        } catch (InterruptedException stop) {
            interrupted = true;
        }
        closeNow();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    void closeNow() {
        try {
            client.close();
        } catch (IOException failed) {
            log.warn("close nbd connection {}", number, failed);
        }
    }
}

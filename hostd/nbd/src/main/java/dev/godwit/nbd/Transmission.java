package dev.godwit.nbd;

import dev.godwit.volume.DiskFull;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests of one client. Small ones that need not wait for the medium are served by the reader itself, which
 * collects the replies and sends them when no complete request is left in its buffer; all others go to the pool, so that
 * they never stall the reader. Requests may end in any order; a flush covers every write that was answered before the
 * flush arrived.
 */
final class Transmission {
    /** Replies are sent at this size even when more requests wait. */
    private static final int PENDING_BYTES_MAX = 256 << 10;
    /** Room behind {@link #PENDING_BYTES_MAX} for one more reply: a read below 64 KiB. */
    private static final int PENDING_ROOM_BYTES = (64 << 10) + Replies.BYTES_MAX;

    /** A small read costs as much to announce as it waits; a queue of them was a third slower with it. */
    private static final int ANNOUNCED_BYTES_MIN = 64 << 10;

    /** What a request answers that has to go to the pool after all; no error of the protocol. */
    private static final int WOULD_WAIT = -1;

    private static final Logger log = LoggerFactory.getLogger(Transmission.class);

    private final ClientStream client;
    private final Session session;
    private final BlockDevice device;
    private final Replies replies;
    private final RequestMemory memory;
    private final Executor pool;
    private final MemorySegment pendingMemory;
    private final ByteBuffer pending;

    Transmission(ClientStream client, Session session, RequestMemory memory, Executor pool) {
        this.client = client;
        this.session = session;
        this.device = session.export().device();
        this.replies = new Replies(session.structured());
        this.memory = memory;
        this.pool = pool;
        this.pendingMemory = client.allocate(PENDING_BYTES_MAX + PENDING_ROOM_BYTES);
        this.pending = pendingMemory.asByteBuffer();
    }

    /** Serves until the client leaves; requests may still be with the pool then. */
    void serve() throws IOException {
        ByteBuffer input = client.input();
        while (true) {
            while (input.remaining() >= Wire.REQUEST_BYTES) {
                Request request = Request.peek(input);
                if (request.command() == Wire.CMD_DISC) {
                    sendPending();
                    return;
                }
                if (request.isForThePool()) {
                    input.position(input.position() + Wire.REQUEST_BYTES);
                    handOver(request);
                } else if (!serveHere(request)) {
                    break;
                }
                if (pending.position() > PENDING_BYTES_MAX) {
                    sendPending();
                }
            }
            sendPending();
            if (!client.fill()) {
                if (input.hasRemaining()) {
                    throw new ProtocolViolation("the client left in the middle of a request");
                }
                return;
            }
        }
    }

    /** Serves a small request; false when its payload has not arrived yet. */
    private boolean serveHere(Request request) throws IOException {
        ByteBuffer input = client.input();
        int payload = request.hasPayload() ? (int) request.length() : 0;
        if (input.remaining() < Wire.REQUEST_BYTES + payload) {
            return false;
        }
        input.position(input.position() + Wire.REQUEST_BYTES);
        if (request.command() == Wire.CMD_READ) {
            readHere(request);
        } else {
            int error = perform(request, client.inputMemory(payload));
            input.position(input.position() + payload);
            replies.outcome(pending, request, error);
        }
        return true;
    }

    private void readHere(Request request) throws IOException {
        int header = replies.readHeaderBytes();
        // A faulty length may be anything: perform refuses it before it looks at the memory.
        int length = (int) Math.min(request.length(), Request.INLINE_BYTES_MAX);
        int start = pending.position();
        MemorySegment data = pendingMemory.asSlice(start + header, length);
        int error = perform(request, () -> device.readNow(request.offset(), data) ? 0 : WOULD_WAIT);
        if (error == WOULD_WAIT) {
            handOver(request);
        } else if (error == 0) {
            replies.readHeader(pending, request);
            pending.position(start + header + length);
        } else {
            replies.outcome(pending, request, error);
        }
    }

    private void handOver(Request request) throws IOException {
        // The reader may wait below, for memory or for a payload: what is answered must not wait with it.
        sendPending();
        RequestMemory.Lease lease = memory.take(request.memoryBytes());
        boolean handed = false;
        try {
            announce(request);
            if (request.hasPayload()) {
                client.read(lease.data((int) request.length()));
            }
            pool.execute(() -> serveInPool(request, lease));
            handed = true;
        } finally {
            if (!handed) {
                memory.giveBack(lease);
            }
        }
    }

    /**
     * Lets the medium begin with a large read that may wait long for a thread: it has as many of them at once as the client
     * has in flight, in their order, whatever the pool's size.
     */
    private void announce(Request request) {
        if (request.command() == Wire.CMD_READ && request.length() >= ANNOUNCED_BYTES_MIN) {
            perform(request, () -> {
                device.willNeed(request.offset(), request.length());
                return 0;
            });
        }
    }

    private void serveInPool(Request request, RequestMemory.Lease lease) {
        boolean answered = false;
        try {
            client.send(answer(request, lease));
            answered = true;
        } catch (IOException gone) {
            log.debug(
                    "export {}: a client left before its reply",
                    session.export().name(),
                    gone);
        } finally {
            if (!answered) {
                // A client that waits for a reply that never comes is worse off than one that connects again.
                hangUp();
            }
            memory.giveBack(lease);
        }
    }

    private ByteBuffer answer(Request request, RequestMemory.Lease lease) {
        ByteBuffer all = lease.memory().asByteBuffer();
        int dataAt = RequestMemory.HEADROOM_BYTES;
        if (request.command() == Wire.CMD_READ) {
            int error = perform(request, lease.data((int) request.length()));
            if (error == 0) {
                all.position(dataAt - replies.readHeaderBytes());
                replies.readHeader(all, request);
                return all.limit(dataAt + (int) request.length()).position(dataAt - replies.readHeaderBytes());
            }
            return outcome(all, request, error);
        }
        if (request.command() == Wire.CMD_BLOCK_STATUS) {
            ByteBuffer payload = all.duplicate().position(dataAt);
            int error = performStatus(request, payload);
            if (error == 0) {
                int start = dataAt - Wire.CHUNK_HEADER_BYTES;
                replies.statusHeader(all.position(start), request, payload.position() - dataAt);
                return all.limit(payload.position()).position(start);
            }
            return outcome(all, request, error);
        }
        MemorySegment payload = request.hasPayload() ? lease.data((int) request.length()) : MemorySegment.NULL;
        return outcome(all, request, perform(request, payload));
    }

    private ByteBuffer outcome(ByteBuffer into, Request request, int error) {
        into.clear();
        replies.outcome(into, request, error);
        return into.flip();
    }

    private void hangUp() {
        try {
            client.close();
        } catch (IOException failed) {
            log.warn("close a client of export {}", session.export().name(), failed);
        }
    }

    private interface Action {
        int run() throws IOException;
    }

    private int performStatus(Request request, ByteBuffer into) {
        return perform(request, () -> {
            BlockStatus.put(request, device, into);
            return 0;
        });
    }

    private int perform(Request request, MemorySegment data) {
        return perform(request, () -> act(request, data));
    }

    private int act(Request request, MemorySegment data) throws IOException {
        boolean durable = request.has(Wire.CMD_FLAG_FUA);
        switch (request.command()) {
            case Wire.CMD_READ -> device.read(request.offset(), data);
            case Wire.CMD_WRITE -> device.write(request.offset(), data, durable);
            case Wire.CMD_FLUSH -> device.flush();
            case Wire.CMD_TRIM -> device.trim(request.offset(), request.length());
            case Wire.CMD_WRITE_ZEROES ->
                device.zero(request.offset(), request.length(), request.has(Wire.CMD_FLAG_NO_HOLE));
            default -> throw new IllegalStateException("command " + request.command() + " passed the checks");
        }
        if (durable && request.changes() && !request.hasPayload()) {
            device.flush();
        }
        return 0;
    }

    /** Checks and runs a request; 0, or the error for the client. */
    private int perform(Request request, Action action) {
        int fault = request.fault(device.sizeBytes(), session.allocation());
        if (fault != 0) {
            return fault;
        }
        // Keeping the space may mean to write it; only a hole is always fast.
        if (request.has(Wire.CMD_FLAG_FAST_ZERO) && request.has(Wire.CMD_FLAG_NO_HOLE)) {
            return Wire.ENOTSUP;
        }
        NbdExport export = session.export();
        int refusal = export.enter(request.changes());
        if (refusal != 0) {
            return refusal;
        }
        try {
            return action.run();
        } catch (DiskFull full) {
            log.warn("export {} of vm {}: {}", export.name(), export.vm(), full.getMessage());
            return Wire.ENOSPC;
        } catch (IOException failed) {
            log.error("export {} of vm {}: {}: {}", export.name(), export.vm(), request, failed.getMessage());
            return Wire.EIO;
        } catch (RuntimeException failed) {
            log.error("export {} of vm {}: {} failed", export.name(), export.vm(), request, failed);
            return Wire.EIO;
        } finally {
            export.leave();
        }
    }

    private void sendPending() throws IOException {
        if (pending.position() > 0) {
            client.send(pending.flip());
            pending.clear();
        }
    }
}

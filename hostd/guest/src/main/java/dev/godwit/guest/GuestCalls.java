package dev.godwit.guest;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Requests that wait for their answers. An open request is sent again in every new session, which is sound because guestd's requests
 * do the same thing once however often they come. Safe for all threads.
 */
final class GuestCalls {
    /** Bounds what a lost guest holds here; callers beyond it wait their turn within their own patience. */
    private static final int CALLS_MAX = 64;

    private record Call(FrameType type, Supplier<byte[]> payload, CompletableFuture<Frame> answer) {}

    private final String vm;
    private final Path socket;
    private final Map<Long, Call> open = new ConcurrentHashMap<>();
    private final AtomicLong nextRequest = new AtomicLong(1);
    private final Semaphore permits = new Semaphore(CALLS_MAX);

    GuestCalls(String vm, Path socket) {
        this.vm = vm;
        this.socket = socket;
    }

    /** The words of the answer. */
    Words call(GuestLink link, FrameType type, Supplier<byte[]> payload, Duration patience)
            throws GuestException, InterruptedException {
        long until = System.nanoTime() + patience.toNanos();
        if (!permits.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
            throw silent(link, type, patience);
        }
        long request = nextRequest.getAndIncrement();
        Call call = new Call(type, payload, new CompletableFuture<>());
        open.put(request, call);
        try {
            link.send(new GuestLink.Outgoing(type, request, payload));
            Frame answer = call.answer().get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (answer.type() == FrameType.ERROR.code()) {
                throw refusal(type, answer);
            }
            return answer.words("the answer of vm " + vm + " to " + type);
        } catch (TimeoutException none) {
            throw silent(link, type, patience);
        } catch (ExecutionException closed) {
            throw new GuestSilent("vm " + vm + ": " + type + " was not answered: the channel is closed", closed);
        } finally {
            open.remove(request);
            permits.release();
        }
    }

    /** A request without a waiting caller; it stays open until it is answered or dropped. */
    long callInBackground(GuestLink link, FrameType type, Supplier<byte[]> payload, CompletableFuture<Frame> answer) {
        long request = nextRequest.getAndIncrement();
        open.put(request, new Call(type, payload, answer));
        link.send(new GuestLink.Outgoing(type, request, payload));
        return request;
    }

    void answered(Frame frame) {
        Call call = open.get(frame.request());
        if (call != null) {
            call.answer().complete(frame);
        }
    }

    void drop(long request) {
        open.remove(request);
    }

    void sendAllAgain(GuestLink link) {
        open.forEach((request, call) -> link.send(new GuestLink.Outgoing(call.type(), request, call.payload())));
    }

    void closed() {
        open.values().forEach(call -> call.answer().completeExceptionally(new GuestException("the channel is closed")));
    }

    /** Whether an error says that guestd does not know the session. */
    static boolean isNoSession(Frame answer) throws GuestException {
        return GuestRefused.Reason.ofCode(answer.words().u32()) == GuestRefused.Reason.NO_SESSION;
    }

    GuestException refusal(FrameType type, Frame answer) {
        try {
            return refusal(type, answer.words("the refusal of vm " + vm + " to " + type));
        } catch (GuestException cutShort) {
            return cutShort;
        }
    }

    private GuestException refusal(FrameType type, Words words) throws GuestException {
        GuestRefused.Reason reason = GuestRefused.Reason.ofCode(words.u32());
        long value = words.u64();
        String message = "vm " + vm + ": " + type + " was refused: " + words.string();
        return reason == GuestRefused.Reason.OFFSET_GONE
                ? new OffsetGone(message, value)
                : new GuestRefused(reason, value, message);
    }

    private GuestSilent silent(GuestLink link, FrameType type, Duration patience) {
        return new GuestSilent("vm " + vm + " did not answer " + type + " for " + patience.toMillis() + " ms: "
                + link.state() + ". Is the VM paused, still booting, or is its socket not " + socket + "?");
    }
}

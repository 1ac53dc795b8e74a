package dev.godwit.daemon;

import dev.godwit.api.Event;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Another host's part of a stream of events: follows that host's own stream, again from where it was after each loss. One
 * thread follows; any may {@link #drop} what it reads.
 */
final class PeerEvents {
    private static final Logger LOG = LoggerFactory.getLogger(PeerEvents.class);

    /** Asks a host for its stream. */
    interface Asking {
        /** @param lastEventId what was seen of it; null: what comes from now on */
        InputStream ask(@Nullable String lastEventId) throws IOException;
    }

    private static final long NEVER = Long.MAX_VALUE;

    private final String hostId;
    private final Asking asking;
    private final @Nullable Instant notBefore;
    private final CountDownLatch attached = new CountDownLatch(1);
    private OptionalLong seen;
    private volatile boolean answered;
    private volatile @Nullable InputStream reading;
    /** {@link #NEVER} while nothing is read. */
    private volatile long heardAtNanos = NEVER;

    /**
     * Asks nobody yet.
     *
     * @param seen the last number that the reader knows of that host; empty: it wants what comes from now on
     * @param notBefore events of a log that the reader knows nothing of are passed over when they are older; null: none is
     */
    PeerEvents(String hostId, Asking asking, OptionalLong seen, @Nullable Instant notBefore) {
        this.hostId = hostId;
        this.asking = asking;
        this.seen = seen;
        this.notBefore = notBefore;
    }

    /** Counted down when the host has said where its part begins, or did not answer. */
    CountDownLatch attached() {
        return attached;
    }

    /** Whether the host has said where its part begins. */
    boolean answered() {
        return answered;
    }

    /** The last number that was put; empty before the host has said one. */
    OptionalLong seen() {
        return seen;
    }

    /** What happened there before it could be asked is told too. */
    void beginsAtTheLogsStartIfUnknown() {
        if (seen.isEmpty()) {
            seen = OptionalLong.of(0);
        }
    }

    /** Follows until the host's stream ends or is dropped. */
    void follow(EventPart.Sink to) throws InterruptedException {
        String lastEventId = seen.isEmpty() ? null : hostId + "." + seen.getAsLong();
        try (InputStream stream = asking.ask(lastEventId)) {
            reading = stream;
            SseReader lines = new SseReader(stream, () -> heardAtNanos = System.nanoTime());
            heardAtNanos = System.nanoTime();
            for (EventPart part = lines.next(); part != null; part = lines.next()) {
                heardAtNanos = NEVER; // a slow reader is not a silent host
                put(part, to);
                heardAtNanos = System.nanoTime();
            }
        } catch (IOException | BadRequest e) {
            LOG.info("host {}: its events are asked for again: {}", hostId, e.toString());
        } finally {
            reading = null;
            heardAtNanos = NEVER;
            attached.countDown();
        }
    }

    private void put(EventPart part, EventPart.Sink to) throws InterruptedException {
        switch (part.name()) {
            case EventPart.POSITION -> {
                seen = OptionalLong.of(EventIds.number(part.positionId()));
                answered = true;
                attached.countDown();
                to.put(part);
            }
            case EventPart.GAP -> {
                to.put(part);
                seen = OptionalLong.of(Math.max(0, EventIds.number(part.gapFirstId()) - 1));
            }
            case EventPart.EVENT -> {
                if (part.id() != null) {
                    if (!isTooOld(part)) {
                        to.put(part);
                    }
                    seen = OptionalLong.of(EventIds.number(part.id()));
                }
            }
            default -> {}
        }
    }

    private boolean isTooOld(EventPart part) {
        return notBefore != null && Json.read(part.data(), Event.class).time().isBefore(notBefore);
    }

    /** Lets go of a host that has said nothing for longer than this; the follower asks again. */
    void dropIfSilent(long nanos) {
        long heard = heardAtNanos;
        if (heard != NEVER && System.nanoTime() - heard > nanos) {
            LOG.info("host {}: its events are asked for again: it is silent", hostId);
            drop();
        }
    }

    /** Wakes the follower. */
    void drop() {
        InputStream stream = reading;
        if (stream != null) {
            try {
                stream.close();
            } catch (IOException e) {
                LOG.debug("host {}: {}", hostId, e.toString());
            }
        }
    }
}

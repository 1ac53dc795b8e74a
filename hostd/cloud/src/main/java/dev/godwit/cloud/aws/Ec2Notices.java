package dev.godwit.cloud.aws;

import dev.godwit.cloud.Notice;
import dev.godwit.cloud.NoticeHealth;
import dev.godwit.cloud.NoticeKind;
import dev.godwit.cloud.NoticeSource;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the metadata service every period whether this instance will be interrupted, and every fifth period whether it
 * should be left. A notice is told once a kind, with the first time that was seen; the service may show another time
 * later, and a deadline that moves would make a plan worthless. Thread-safe.
 */
public final class Ec2Notices implements NoticeSource {
    /** EC2 advises 5 s; a second keeps four of the 120 s. */
    public static final Duration POLL_PERIOD = Duration.ofSeconds(1);
    /** EC2's window from the notice to the interruption. */
    static final Duration NOMINAL_WINDOW = Duration.ofSeconds(120);

    static final String INSTANCE_ACTION = "/latest/meta-data/spot/instance-action";
    static final String REBALANCE = "/latest/meta-data/events/recommendations/rebalance";
    static final String INSTANCE_ID = "/latest/meta-data/instance-id";

    /** A rebalance recommendation has no deadline, so it may be seen later. */
    private static final int PERIODS_PER_REBALANCE_POLL = 5;
    /** Three failures in a row can be a hiccup; a fourth means that a notice could be missed. */
    private static final int BLIND_AFTER_FAILURES = 3;
    /** A poll is at most two tokens and four documents of a second each. */
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(10);

    private static final Logger LOG = LoggerFactory.getLogger(Ec2Notices.class);

    private final Ec2Metadata metadata;
    private final String hostId;
    private final Duration period;
    private final InstantSource clock;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<NoticeKind, Notice> seen = new EnumMap<>(NoticeKind.class);
    private final Set<NoticeKind> told = EnumSet.noneOf(NoticeKind.class);
    private volatile int failures;
    private @Nullable String instanceId;
    private @Nullable Thread poller;

    public Ec2Notices(Ec2Metadata metadata, String hostId, Duration period, InstantSource clock) {
        if (period.isNegative() || period.isZero()) {
            throw new IllegalArgumentException("poll period " + period + " is not above zero");
        }
        this.metadata = metadata;
        this.hostId = hostId;
        this.period = period;
        this.clock = clock;
    }

    @Override
    public synchronized void start(Consumer<Notice> listener) {
        if (poller != null) {
            throw new IllegalStateException("the notices of host " + hostId + " are already watched");
        }
        poller = Thread.ofVirtual().name("ec2-notices").start(() -> watch(listener));
    }

    @Override
    public NoticeHealth health() {
        int seen = failures;
        return seen == 0
                ? NoticeHealth.SEEING
                : seen <= BLIND_AFTER_FAILURES ? NoticeHealth.FAILING : NoticeHealth.NOTICE_BLIND;
    }

    @Override
    public synchronized void close() {
        closed.countDown();
        if (poller != null && poller != Thread.currentThread()) {
            try {
                if (!poller.join(CLOSE_WAIT)) {
                    LOG.warn("host {}: the poll of the metadata service did not end in {}", hostId, CLOSE_WAIT);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void watch(Consumer<Notice> listener) {
        try {
            for (long polls = 0; !closed.await(polls == 0 ? 0 : period.toNanos(), TimeUnit.NANOSECONDS); polls++) {
                poll(polls, listener);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void poll(long polls, Consumer<Notice> listener) {
        try {
            seen.values().stream()
                    .filter(notice -> !told.contains(notice.kind()))
                    .forEach(notice -> pass(notice, listener));
            if (!seen.containsKey(NoticeKind.PREEMPT)) {
                Optional<String> interruption = metadata.document(INSTANCE_ACTION);
                if (interruption.isPresent()) {
                    tellInterruption(interruption.get(), listener);
                }
            }
            if (!seen.containsKey(NoticeKind.REBALANCE) && polls % PERIODS_PER_REBALANCE_POLL == 0) {
                Optional<String> rebalance = metadata.document(REBALANCE);
                if (rebalance.isPresent()) {
                    SpotDocuments.rebalanceTime(rebalance.get());
                    tell(NoticeKind.REBALANCE, clock.instant(), null, rebalance.get(), listener);
                }
            }
            answered();
        } catch (IOException e) {
            failed(e);
        } catch (RuntimeException e) {
            LOG.error("host {}: a poll of the metadata service failed", hostId, e);
            failed(new IOException(String.valueOf(e.getMessage()), e));
        }
    }

    /** A document with an action is a notice; one whose time can't be read counts from now. */
    private void tellInterruption(String document, Consumer<Notice> listener) throws IOException {
        Instant observedAt = clock.instant();
        Instant nominal = observedAt.plus(NOMINAL_WINDOW);
        Instant provider = nominal;
        try {
            provider = SpotDocuments.interruptionTime(document);
        } catch (IOException e) {
            if (!SpotDocuments.isInterruption(document)) {
                throw e;
            }
            LOG.warn("host {}: a notice whose time is not known: {}", hostId, e.getMessage());
        }
        tell(NoticeKind.PREEMPT, observedAt, provider.isBefore(nominal) ? provider : nominal, document, listener);
    }

    private void tell(
            NoticeKind kind, Instant observedAt, @Nullable Instant deadline, String raw, Consumer<Notice> listener) {
        Notice notice = new Notice("aws", kind, hostId, observedAt, deadline, instance() + "/" + kind, raw);
        LOG.info("host {}: notice {} with deadline {}: {}", hostId, notice.id(), deadline, raw.strip());
        seen.put(kind, notice);
        pass(notice, listener);
    }

    /** A notice that its listener did not take stays untold, and is passed on again at the next poll as it was first seen. */
    private void pass(Notice notice, Consumer<Notice> listener) {
        try {
            listener.accept(notice);
            told.add(notice.kind());
        } catch (RuntimeException e) {
            LOG.error("host {}: the notice {} was seen, and what it starts failed", hostId, notice.id(), e);
        }
    }

    /** The instance's id, or the host's where the service does not tell it: an evacuation must not wait for a name. */
    private String instance() {
        String known = instanceId;
        if (known == null) {
            try {
                known = metadata.document(INSTANCE_ID).map(String::strip).orElse(hostId);
            } catch (IOException e) {
                LOG.info("host {}: no instance-id ({}); notices are named by the host", hostId, e.getMessage());
                known = hostId;
            }
            instanceId = known;
        }
        return known;
    }

    private void answered() {
        if (failures > BLIND_AFTER_FAILURES) {
            LOG.info("host {}: the metadata service answers again after {} failed polls", hostId, failures);
        }
        failures = 0;
    }

    private void failed(IOException e) {
        int count = failures + 1;
        failures = count;
        if (count == BLIND_AFTER_FAILURES + 1) {
            LOG.warn(
                    "host {}: NOTICE_BLIND: {} polls of the metadata service failed in a row, a notice may be missed;"
                            + " check cloud.metadata-endpoint. Last: {}",
                    hostId,
                    count,
                    String.valueOf(e.getMessage()));
        }
    }
}

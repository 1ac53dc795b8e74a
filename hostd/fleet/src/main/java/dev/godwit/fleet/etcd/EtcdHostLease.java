package dev.godwit.fleet.etcd;

import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostIdTaken;
import dev.godwit.fleet.HostLease;
import dev.godwit.fleet.HostRecord;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host's key under an etcd lease, renewed by one virtual thread three times in its life. When etcd has forgotten the
 * lease (an outage longer than it), the host announces itself anew.
 */
final class EtcdHostLease implements HostLease {
    private static final Logger LOG = LoggerFactory.getLogger(EtcdHostLease.class);

    /** After a renewal that failed: soon enough to use what is left of the lease, seldom enough for a store that starts. */
    private static final Duration RETRY = Duration.ofMillis(500);

    private final Client client;
    private final EtcdCalls calls;
    private final LongSupplier clockNanos;
    private final HostRecord host;
    private final Duration ttl;
    private final Consumer<EtcdHostLease> onClose;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread renewal;
    private volatile long leaseId;
    private volatile long validUntilNanos;

    EtcdHostLease(
            Client client,
            EtcdCalls calls,
            LongSupplier clockNanos,
            HostRecord host,
            Duration ttl,
            Consumer<EtcdHostLease> onClose) {
        this.client = client;
        this.calls = calls;
        this.clockNanos = clockNanos;
        this.host = host;
        this.ttl = ttl;
        this.onClose = onClose;
        this.renewal = Thread.ofVirtual().name("fleet-lease-" + host.hostId()).unstarted(this::renewUntilClosed);
    }

    void start() throws HostIdTaken, FleetStoreUnavailable {
        announce();
        renewal.start();
    }

    @Override
    public HostRecord host() {
        return host;
    }

    @Override
    public long validUntilNanos() {
        return validUntilNanos;
    }

    @Override
    public boolean isValid() {
        return closed.getCount() > 0 && clockNanos.getAsLong() - validUntilNanos < 0;
    }

    @Override
    public void close() {
        if (closed.getCount() == 0) {
            return;
        }
        closed.countDown();
        try {
            renewal.join();
            calls.repeatable(
                    "withdraw host " + host.hostId(), client.getLeaseClient().revoke(leaseId));
        } catch (FleetStoreUnavailable e) {
            LOG.info(
                    "host {} is withdrawn when its lease of {} s ends: {}",
                    host.hostId(),
                    ttl.toSeconds(),
                    e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        onClose.accept(this);
    }

    private void announce() throws HostIdTaken, FleetStoreUnavailable {
        String what = "announce host " + host.hostId();
        long sentNanos = clockNanos.getAsLong();
        long granted = calls.repeatable(what, client.getLeaseClient().grant(ttl.toSeconds()))
                .getID();
        Op put = Op.put(
                Keys.host(host.hostId()),
                Values.host(host),
                PutOption.builder().withLeaseId(granted).build());
        Cmp absent = new Cmp(Keys.host(host.hostId()), Cmp.Op.EQUAL, CmpTarget.version(0));
        TxnResponse answer = calls.repeatable(
                what,
                client.getKVClient()
                        .txn()
                        .If(absent)
                        .Then(put)
                        .Else(Op.get(Keys.host(host.hostId()), GetOption.DEFAULT))
                        .commit());
        if (!answer.isSucceeded()) {
            KeyValue present = answer.getGetResponses().getFirst().getKvs().getFirst();
            HostRecord other = Values.host(present);
            if (!other.installation().equals(host.installation()) || !replaced(what, present, put)) {
                calls.repeatable(what, client.getLeaseClient().revoke(granted));
                throw new HostIdTaken(
                        "cannot announce host " + host.hostId() + ": a live host of another installation ("
                                + other.restAddress() + ", peer " + other.peerAddress()
                                + ") has this id; give this host another"
                                + " host-id, or wait until that one's lease ends");
            }
        }
        leaseId = granted;
        valid(sentNanos);
    }

    private boolean replaced(String what, KeyValue present, Op put) throws FleetStoreUnavailable {
        Cmp unchanged =
                new Cmp(Keys.host(host.hostId()), Cmp.Op.EQUAL, CmpTarget.modRevision(present.getModRevision()));
        return calls.repeatable(
                        what, client.getKVClient().txn().If(unchanged).Then(put).commit())
                .isSucceeded();
    }

    private void valid(long sentNanos) {
        validUntilNanos = sentNanos + ttl.toNanos() * 2 / 3;
    }

    private void renewUntilClosed() {
        Duration next = ttl.dividedBy(3);
        try {
            while (!closed.await(next.toNanos(), TimeUnit.NANOSECONDS)) {
                next = renew() ? ttl.dividedBy(3) : RETRY;
            }
        } catch (InterruptedException e) {
            LOG.debug("renewal of host {} ends", host.hostId());
        }
    }

    private boolean renew() {
        long sentNanos = clockNanos.getAsLong();
        try {
            long left = calls.repeatable(
                            "renew the lease of host " + host.hostId(),
                            client.getLeaseClient().keepAliveOnce(leaseId))
                    .getTTL();
            if (left > 0) {
                valid(sentNanos);
            } else {
                announceAnew();
            }
            return true;
        } catch (FleetStoreUnavailable e) {
            if (String.valueOf(e.getMessage()).contains("requested lease not found")) {
                return announceAnew();
            }
            LOG.warn("{}", e.getMessage());
            return false;
        }
    }

    private boolean announceAnew() {
        LOG.warn("etcd has forgotten the lease of host {}: it announces itself anew", host.hostId());
        try {
            announce();
            return true;
        } catch (HostIdTaken | FleetStoreUnavailable e) {
            LOG.warn("{}", e.getMessage());
            return false;
        }
    }
}

package dev.godwit.fleet.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreContract;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostLease;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.OwnershipChange;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.Watch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EtcdFleetStoreTest extends FleetStoreContract {
    private static final Duration QUICK = Duration.ofSeconds(2);

    @TempDir
    static Path directory;

    static EtcdProcess etcd;

    @BeforeAll
    static void startEtcd() throws Exception {
        etcd = EtcdProcess.start(directory);
    }

    @AfterAll
    static void stopEtcd() {
        etcd.close();
    }

    @AfterEach
    void empty() throws Exception {
        etcd.empty();
    }

    @Override
    protected FleetStore open() {
        return EtcdFleetStore.open(List.of(etcd.endpoint()), System::nanoTime, QUICK);
    }

    @Override
    protected FleetStore openBeside() {
        return open();
    }

    @Test
    void hostsOfSeveralStoresSeeEachOtherInOrder() throws Exception {
        try (FleetStore other = open();
                HostLease b = other.announce(host("host-b", "b"), TTL);
                HostLease a = store.announce(host("host-a", "a"), TTL)) {
            assertThat(store.hosts()).isEqualTo(other.hosts()).containsExactly(a.host(), b.host());
        }
    }

    @Test
    void aLeaseIsRenewedByItselfAndCountsTwoThirdsFromTheSend() throws Exception {
        long before = System.nanoTime();
        try (HostLease lease = store.announce(host("host-a", "a"), Duration.ofSeconds(3))) {
            long first = lease.validUntilNanos();
            assertThat(first).isBetween(before + 2_000_000_000L, System.nanoTime() + 2_000_000_000L);
            await().atMost(Duration.ofSeconds(10)).until(() -> lease.validUntilNanos() > first + 3_000_000_000L);
            assertThat(lease.isValid()).isTrue();
            assertThat(store.hosts()).hasSize(1);
        }
    }

    @Test
    void aStoreThatIsDownIsNamedAndWorksAgainByItself() throws Exception {
        OwnershipRecord made = store.create(vm("vm1"));
        etcd.kill();
        try {
            assertThatExceptionOfType(FleetStoreUnavailable.class)
                    .isThrownBy(() -> store.read("vm1"))
                    .withMessageContaining(etcd.endpoint())
                    .withMessageContaining("check that etcd runs");
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> assertThatExceptionOfType(FleetStoreUnavailable.class)
                            .isThrownBy(() -> store.transfer("vm1", "host-a", 1, "host-b")));
        } finally {
            etcd.startAgain();
        }
        await().atMost(Duration.ofSeconds(20))
                .ignoreExceptions()
                .until(() -> store.read("vm1").isPresent());
        assertThat(store.read("vm1")).contains(made);
        assertThat(store.transfer("vm1", "host-a", 1, "host-b").fence()).isEqualTo(2);
    }

    @Test
    void aWriteThatIsNotAnsweredIsUnknownAndIsNotSentAgain() throws Exception {
        store.create(vm("vm1"));
        etcd.freeze();
        try {
            assertThatExceptionOfType(OutcomeUnknown.class)
                    .isThrownBy(() -> store.transfer("vm1", "host-a", 1, "host-b"))
                    .withMessageContaining("vm1")
                    .withMessageContaining(etcd.endpoint());
            assertThatExceptionOfType(FleetStoreUnavailable.class).isThrownBy(() -> store.read("vm1"));
        } finally {
            etcd.thaw();
        }
        await().atMost(Duration.ofSeconds(20))
                .ignoreExceptions()
                .until(() -> store.read("vm1").isPresent());
        assertThat(store.read("vm1").orElseThrow().fence()).isLessThanOrEqualTo(2);
    }

    @Test
    void aHostIsAnnouncedAnewAndTheWatchGoesOnAfterAnOutageLongerThanItsLease() throws Exception {
        List<OwnershipChange> heard = new CopyOnWriteArrayList<>();
        HostLease lease = store.announce(host("host-a", "a"), Duration.ofSeconds(2));
        Watch watch = store.watch(heard::add);
        etcd.kill();
        await().atMost(Duration.ofSeconds(20)).until(() -> !lease.isValid());
        etcd.startAgain();
        await().atMost(Duration.ofSeconds(30)).until(lease::isValid);
        await().atMost(Duration.ofSeconds(30))
                .ignoreExceptions()
                .until(() -> store.hosts().size() == 1);
        store.create(vm("vm1"));
        await().atMost(Duration.ofSeconds(40)).until(() -> !heard.isEmpty());
        watch.close();
        lease.close();
    }

    @Test
    void aHostThatDiesIsForgottenAfterItsLeaseAndStopsCountingOnItBefore() throws Exception {
        LossyWire wire = new LossyWire(etcd.clientPort());
        FleetStore dying = EtcdFleetStore.open(List.of(wire.endpoint()), System::nanoTime, QUICK);
        try {
            HostLease lease = dying.announce(host("host-a", "a"), Duration.ofSeconds(4));
            wire.close();
            await().atMost(Duration.ofSeconds(20)).until(() -> !lease.isValid());
            assertThat(store.hosts()).as("others wait for the whole lease").hasSize(1);
            await().atMost(Duration.ofSeconds(60)).until(() -> store.hosts().isEmpty());
        } finally {
            dying.close();
        }
    }

    @Test
    void aTransferWhoseAnswerIsLostIsUnknownHappenedOnceAndIsSeenByReading() throws Exception {
        store.create(vm("vm1"));
        try (LossyWire wire = new LossyWire(etcd.clientPort());
                FleetStore far = EtcdFleetStore.open(List.of(wire.endpoint()), System::nanoTime, QUICK)) {
            assertThat(far.read("vm1")).isPresent();
            wire.swallowAnswers(true);
            assertThatExceptionOfType(OutcomeUnknown.class)
                    .isThrownBy(() -> far.transfer("vm1", "host-a", 1, "host-b"));
            wire.swallowAnswers(false);
            wire.cut();
            await().atMost(Duration.ofSeconds(20))
                    .ignoreExceptions()
                    .until(() -> far.read("vm1").isPresent());
            assertThat(far.read("vm1")).map(OwnershipRecord::owner).contains("host-b");
            assertThat(far.read("vm1")).map(OwnershipRecord::fence).contains(2L);
        }
    }

    @Test
    void aConnectionThatIsCutInTheMiddleOfAWriteLeavesItUnknown() throws Exception {
        store.create(vm("vm1"));
        try (LossyWire wire = new LossyWire(etcd.clientPort());
                FleetStore far =
                        EtcdFleetStore.open(List.of(wire.endpoint()), System::nanoTime, Duration.ofSeconds(20))) {
            assertThat(far.read("vm1")).isPresent();
            wire.swallowAnswers(true);
            CompletableFuture<Throwable> write = new CompletableFuture<>();
            Thread writer = Thread.ofVirtual()
                    .start(() -> write.complete(catchThrowable(() -> far.transfer("vm1", "host-a", 1, "host-b"))));
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> store.read("vm1").orElseThrow().fence() == 2);
            wire.cut();
            assertThat(write.get(15, TimeUnit.SECONDS)).isInstanceOf(OutcomeUnknown.class);
            writer.join();
        }
    }

    @Test
    void aBurstOfWritesToManyVmsIsHeardWhole() throws Exception {
        Map<String, Long> newest = new ConcurrentHashMap<>();
        Watch watch = store.watch(
                change -> newest.merge(change.record().vmId(), change.record().fence(), Math::max));
        try {
            for (int i = 0; i < ChangedIds.IDS_MOST + 20; i++) {
                store.create(vm("vm" + i));
                store.transfer("vm" + i, "host-a", 1, "host-b");
            }
            await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                assertThat(newest).hasSize(ChangedIds.IDS_MOST + 20);
                assertThat(newest.values()).containsOnly(2L);
            });
        } finally {
            watch.close();
        }
    }
}

package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.godwit.api.Event;
import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.move.MovesInProgress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmLeasesTest {
    private static final int LEASE_SECONDS = 60;
    private static final VmOrigin LEASED = new VmOrigin("ci-main", "", Map.of(), LEASE_SECONDS, "default", 1);

    @TempDir
    Path directory;

    private final SteppedClock clock = new SteppedClock();
    private final MovesInProgress inProgress = new MovesInProgress();
    private final List<Event> told = new CopyOnWriteArrayList<>();
    private LocalVms host;
    private VmLeases leases;
    private Executor ends = Runnable::run;

    @BeforeEach
    void open() throws Exception {
        host = new LocalVms(directory);
        host.events.onEvent(told::add);
        leases = new VmLeases(host.vms, host.lifecycle(inProgress), inProgress, clock::now, clock::nanos, ends);
    }

    @AfterEach
    void close() throws Exception {
        host.close();
    }

    private HostedVm leased() throws Exception {
        HostedVm vm =
                host.vm(KeptRecordTest.record("vm-1", VmRecord.Phase.RUNNING).with(LEASED));
        host.store.create(new NewOwnership("vm-1", vm.record().name(), "host-a", "", ""));
        leases.sweep();
        return vm;
    }

    private void pass(int seconds) {
        clock.advance(Duration.ofSeconds(seconds));
        leases.sweep();
    }

    @Test
    void aVmIsEndedWhenItsLeaseRunsOutAndNotBefore() throws Exception {
        HostedVm vm = leased();
        assertThat(leases.endOf(vm)).contains(Instant.EPOCH.plusSeconds(LEASE_SECONDS));
        pass(LEASE_SECONDS - 1);
        assertThat(host.vms.owned()).hasSize(1);
        pass(2);
        assertThat(host.vms.all()).isEmpty();
        assertThat(host.store.list()).isEmpty();
        assertThat(Objects.requireNonNull(told.getLast().detail()))
                .isEqualTo("VM build-vm-1 was ended: its lease of 60 s was not renewed by ci-main");
    }

    @Test
    void aRenewalCountsFromNowAndMayGiveAnotherTime() throws Exception {
        HostedVm vm = leased();
        pass(LEASE_SECONDS - 1);
        leases.renew(vm, null);
        pass(LEASE_SECONDS - 1);
        leases.renew(vm, 600);
        pass(599);
        assertThat(host.vms.owned()).hasSize(1);
        assertThat(host.parts.records().load().getFirst().origin().leaseSeconds())
                .isEqualTo(600);
        pass(2);
        assertThat(host.vms.all()).isEmpty();
    }

    @Test
    void aVmOnTheMoveIsEndedAfterItsMove() throws Exception {
        leased();
        inProgress.begin("vm-1", "m-1");
        pass(LEASE_SECONDS + 1);
        assertThat(host.vms.owned()).hasSize(1);
        inProgress.end("vm-1", "m-1");
        pass(0);
        assertThat(host.vms.all()).isEmpty();
    }

    @Test
    void aVmWithoutALeaseLivesOnAndHasNoneToRenew() throws Exception {
        HostedVm vm = host.vm("vm-2", VmRecord.Phase.RUNNING);
        pass(1_000_000);
        assertThat(host.vms.owned()).containsExactly(vm);
        assertThat(leases.endOf(vm)).isEmpty();
        assertThatExceptionOfType(Conflict.class)
                .isThrownBy(() -> leases.renew(vm, null))
                .withMessageContaining("no lease to renew");
    }

    @Test
    void anotherTimeIsRefusedDuringAMoveAndARenewalCounts() throws Exception {
        HostedVm vm = leased();
        inProgress.begin("vm-1", "m-1");
        pass(LEASE_SECONDS - 1);
        assertThatExceptionOfType(Conflict.class)
                .isThrownBy(() -> leases.renew(vm, 600))
                .satisfies(conflict -> assertThat(conflict.code()).isEqualTo(ProblemCode.MOVE_RUNNING));
        assertThat(vm.record().origin().leaseSeconds()).isEqualTo(LEASE_SECONDS);
        leases.renew(vm, null);
        assertThat(leases.endOf(vm)).contains(clock.now().plusSeconds(LEASE_SECONDS));
        inProgress.end("vm-1", "m-1");
        leases.renew(vm, 600);
        assertThat(leases.endOf(vm)).contains(clock.now().plusSeconds(600));
        assertThat(inProgress.moveOf("vm-1")).isEmpty();
    }

    @Test
    void aSweepWaitsForNoVmsEndAndALeaseThatRanOutIsNotRenewed() throws Exception {
        List<Runnable> waiting = new CopyOnWriteArrayList<>();
        ends = waiting::add;
        leases = new VmLeases(host.vms, host.lifecycle(inProgress), inProgress, clock::now, clock::nanos, ends);
        HostedVm first = leased();
        HostedVm second =
                host.vm(KeptRecordTest.record("vm-2", VmRecord.Phase.RUNNING).with(LEASED));
        leases.sweep();
        pass(LEASE_SECONDS + 1);
        pass(1);
        assertThat(waiting).as("each once, and none was waited for").hasSize(2);
        assertThatExceptionOfType(Conflict.class)
                .isThrownBy(() -> leases.renew(first, null))
                .withMessageContaining("has run out");
        assertThat(leases.attached(second, LEASE_SECONDS)).isFalse();
        waiting.forEach(Runnable::run);
        assertThat(host.vms.all()).isEmpty();
    }

    @Test
    void theNextVmOfAnIdHasALeaseOfItsOwn() throws Exception {
        HostedVm vm = leased();
        clock.advance(Duration.ofSeconds(LEASE_SECONDS - 1));
        host.lifecycle(inProgress).delete(vm, "removed");
        leased();
        pass(2);
        assertThat(host.vms.owned()).hasSize(1);
        pass(LEASE_SECONDS);
        assertThat(host.vms.owned()).isEmpty();
    }
}

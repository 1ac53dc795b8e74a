package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.move.MovesInProgress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyedVmsTest {
    private static final CreateVm WANTED = wanted(1);
    private static final String ID = VmOrigin.vmId(WANTED);

    @TempDir
    Path directory;

    private LocalVms host;
    private KeyedVms keyed;
    private VmLeases leases;
    private final MovesInProgress inProgress = new MovesInProgress();
    private final SteppedClock clock = new SteppedClock();
    private final Map<String, String> digests = new HashMap<>(Map.of("tiny", "sha256:1", "other", "sha256:2"));

    /** The name that {@link LocalVms} gives. */
    private static CreateVm wanted(int vcpus) {
        CreateVm unnamed = new CreateVm("x", "tiny", vcpus, 512, 4096, "ci-main", "job-9", Map.of(), null);
        return new CreateVm(
                "build-" + VmOrigin.vmId(unnamed), "tiny", vcpus, 512, 4096, "ci-main", "job-9", Map.of(), null);
    }

    @BeforeEach
    void open() throws Exception {
        host = new LocalVms(directory);
        VmLifecycle lifecycle = host.lifecycle(inProgress);
        leases = new VmLeases(host.vms, lifecycle, inProgress, clock::now, clock::nanos, Runnable::run);
        keyed = new KeyedVms(
                "host-a", host.store, lifecycle, host.vms, leases, name -> Optional.ofNullable(digests.get(name)));
    }

    @AfterEach
    void close() throws Exception {
        host.close();
    }

    private HostedVm there() throws Exception {
        HostedVm vm = host.vm(KeptRecordTest.record(ID, VmRecord.Phase.RUNNING).with(VmOrigin.of(WANTED)));
        host.store.create(new NewOwnership(ID, vm.record().name(), "host-a", "", ""));
        return vm;
    }

    @Test
    void aCallerThatAsksAgainGetsItsVmAlsoFromAHostThatIsToBeLeft() throws Exception {
        HostedVm vm = there();
        assertThat(keyed.createOrAttach(WANTED)).isEqualTo(new KeyedVms.Attached(vm, false));
        host.departure.begin(null, null);
        assertThat(keyed.createOrAttach(WANTED)).isEqualTo(new KeyedVms.Attached(vm, false));
    }

    @Test
    void aKeyThatNamesAVmOfOtherSizesIsRefusedWithBoth() throws Exception {
        there();
        assertThatExceptionOfType(Conflict.class)
                .isThrownBy(() -> keyed.createOrAttach(wanted(2)))
                .satisfies(conflict -> assertThat(conflict.code()).isEqualTo(ProblemCode.CONFLICT))
                .withMessageContaining("1 vCPUs, 512 MiB of memory and 4096 MiB of disk")
                .withMessageContaining("2 vCPUs");
    }

    @Test
    void aKeyWhoseVmIsAnotherHostsIsSentThere() throws Exception {
        host.store.create(new NewOwnership(ID, WANTED.name(), "host-b", "", ""));
        assertThatExceptionOfType(OwnedElsewhere.class)
                .isThrownBy(() -> keyed.createOrAttach(WANTED))
                .withMessageContaining("host-b");
        assertThat(host.vms.all()).isEmpty();
    }

    private static CreateVm wanted(String image, Map<String, String> labels, @Nullable Integer leaseSeconds) {
        return new CreateVm(WANTED.name(), image, 1, 512, 4096, "ci-main", "job-9", labels, leaseSeconds);
    }

    private void isRefused(CreateVm request, String... words) {
        assertThatExceptionOfType(Conflict.class)
                .isThrownBy(() -> keyed.createOrAttach(request))
                .satisfies(conflict -> assertThat(conflict.code()).isEqualTo(ProblemCode.CONFLICT))
                .satisfies(conflict -> assertThat(conflict.sentence()).contains(words));
    }

    @Test
    void aKeyThatNamesAVmFromAnotherImageOrWithOtherLabelsIsRefusedWithBoth() throws Exception {
        there();
        isRefused(wanted("other", Map.of(), null), "from image sha256:1", "from image other");
        isRefused(wanted("unknown-here", Map.of(), null), "from image sha256:1", "from image unknown-here");
        isRefused(wanted("tiny", Map.of("job", "10"), null), "labels {}", "labels {job=10}");
        assertThat(keyed.createOrAttach(wanted("sha256:1", Map.of(), null)).made())
                .isFalse();
    }

    @Test
    void theSameRequestIsAboutTheSameVmThoughItsImageWasBuiltAnew() throws Exception {
        HostedVm vm = host.vm(KeptRecordTest.record(ID, VmRecord.Phase.RUNNING).with(VmOrigin.of(WANTED)));
        host.store.create(new NewOwnership(ID, vm.record().name(), "host-a", "", Json.line(WANTED)));
        digests.put("tiny", "sha256:3");
        assertThat(keyed.createOrAttach(WANTED).vm()).isSameAs(vm);
        isRefused(wanted("sha256:3", Map.of(), null), "from image sha256:3");
    }

    @Test
    void attachingRenewsTheLeaseAndTakesTheTimeThatIsAskedFor() throws Exception {
        CreateVm leased = wanted("tiny", Map.of(), 60);
        HostedVm vm = host.vm(KeptRecordTest.record(ID, VmRecord.Phase.RUNNING).with(VmOrigin.of(leased)));
        host.store.create(new NewOwnership(ID, leased.name(), "host-a", "", Json.line(leased)));
        leases.sweep();
        clock.advance(Duration.ofSeconds(59));
        keyed.createOrAttach(leased);
        clock.advance(Duration.ofSeconds(59));
        leases.sweep();
        assertThat(host.vms.owned()).containsExactly(vm);
        keyed.createOrAttach(wanted("tiny", Map.of(), 600));
        assertThat(leases.endOf(vm)).contains(clock.now().plusSeconds(600));
        keyed.createOrAttach(WANTED);
        assertThat(vm.record().origin().leaseSeconds()).as("no word of a lease").isEqualTo(600);
    }

    @Test
    void aCopyWhoseRecordIsGoneIsNotAttachedTo() throws Exception {
        HostedVm copy =
                host.vm(KeptRecordTest.record(ID, VmRecord.Phase.RUNNING).with(VmOrigin.of(WANTED)));
        host.store.create(new NewOwnership(ID, WANTED.name(), "host-b", "", Json.line(WANTED)));
        assertThatExceptionOfType(OwnedElsewhere.class).isThrownBy(() -> keyed.createOrAttach(WANTED));
        assertThat(host.vms.all()).containsExactly(copy);
    }
}

package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.move.MovesInProgress;
import java.nio.file.Path;
import java.util.Map;
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

    /** The name that {@link LocalVms} gives. */
    private static CreateVm wanted(int vcpus) {
        CreateVm unnamed = new CreateVm("x", "tiny", vcpus, 512, 4096, "ci-main", "job-9", Map.of(), null);
        return new CreateVm(
                "build-" + VmOrigin.vmId(unnamed), "tiny", vcpus, 512, 4096, "ci-main", "job-9", Map.of(), null);
    }

    @BeforeEach
    void open() throws Exception {
        host = new LocalVms(directory);
        keyed = new KeyedVms("host-a", host.store, host.lifecycle(new MovesInProgress()), host.vms);
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
}

package dev.godwit.fleet.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.fleet.NewOwnership;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prints what the one write of a commit costs against a real etcd on this machine; asserts only that each counted once. */
class TransferCostTest {
    private static final int TRANSFERS = 300;

    @TempDir
    Path directory;

    @Test
    void everyTransferRaisesTheFenceByOne() throws Exception {
        try (EtcdProcess etcd = EtcdProcess.start(directory);
                EtcdFleetStore store = EtcdFleetStore.open(List.of(etcd.endpoint()), System::nanoTime)) {
            long beforeFirst = System.nanoTime();
            store.create(new NewOwnership("vm1", "vm1", "host-a", "", ""));
            double cold = (System.nanoTime() - beforeFirst) / 1e6;
            long[] nanos = new long[TRANSFERS];
            for (int i = 0; i < TRANSFERS; i++) {
                long start = System.nanoTime();
                store.transfer("vm1", "host-a", i + 1L, "host-a");
                nanos[i] = System.nanoTime() - start;
            }
            assertThat(store.read("vm1").orElseThrow().fence()).isEqualTo(TRANSFERS + 1L);
            Arrays.sort(nanos);
            System.out.printf(
                    Locale.ROOT,
                    "transfer in etcd, one node, loopback: a process's first call %.0f ms, then median %.2f ms, p99 %.2f ms of %d%n",
                    cold,
                    nanos[TRANSFERS / 2] / 1e6,
                    nanos[TRANSFERS * 99 / 100] / 1e6,
                    TRANSFERS);
        }
    }
}

package dev.godwit.daemon;

import dev.godwit.api.HostRole;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import dev.godwit.move.MovesInProgress;
import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.VmmDriver;
import dev.godwit.vmm.VmmSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;

/** The real parts of a host, real VM folders and a real fleet store, without any VMM. */
final class LocalVms implements AutoCloseable {
    final HostPaths paths;
    final EventLog events;
    final Admission admission;
    final HostParts parts;
    final Vms vms = new Vms();
    final Departure departure = new Departure();
    final FleetStore store;
    final LocalImage image;
    volatile boolean storeAway;
    private final SqliteFleetStore sqlite;

    LocalVms(Path directory) throws Exception {
        paths = new HostPaths(directory.resolve("s"), directory.resolve("images"));
        paths.create();
        events = EventLog.open(directory.resolve("events.jsonl"), "host-a", InstantSource.system());
        admission = new Admission(8192, 16, paths.state());
        parts = new HostParts(paths, new VmRecords(paths), new NoVmms(), admission, events, new NoNetwork());
        Path tiny = Files.createDirectories(directory.resolve("images/tiny"));
        try (RandomAccessFile raw =
                new RandomAccessFile(tiny.resolve("disk.raw").toFile(), "rw")) {
            raw.setLength(1 << 20);
        }
        image = new LocalImage("sha256:1", "tiny", tiny, 1 << 20, "", Instant.EPOCH);
        sqlite = SqliteFleetStore.open(directory.resolve("fleet.db"), System::nanoTime);
        store = goesAway(FleetStore.class, sqlite);
    }

    private <T> T goesAway(Class<T> type, T real) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    if (method.getName().equals("documents")) {
                        return goesAway(FleetDocuments.class, sqlite.documents());
                    }
                    if (storeAway) {
                        throw new FleetStoreUnavailable("etcd is down", null);
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    /** A VM with its disk and record here, in this phase. */
    HostedVm vm(String id, VmRecord.Phase phase) throws IOException {
        return vm(KeptRecordTest.record(id, phase));
    }

    HostedVm vm(VmRecord record) throws IOException {
        admission.readmit(record);
        HostedVm vm = HostedVm.create(parts, record, image);
        vms.add(vm);
        return vm;
    }

    /** What makes and ends VMs here; images are none. */
    VmLifecycle lifecycle(MovesInProgress inProgress) {
        return lifecycle(inProgress, HostRole.HOST);
    }

    VmLifecycle lifecycle(MovesInProgress inProgress, HostRole role) {
        return new VmLifecycle(
                parts,
                "host-a",
                store,
                new Images(paths, new ImageRecipes(paths.state()), "host-a"),
                new HostFitness(parts.driver(), true, role),
                vms,
                "haswell-v1",
                inProgress,
                departure,
                new Disowning("host-a", store),
                new Networks(store));
    }

    @Override
    public void close() throws IOException {
        vms.closeAll();
        sqlite.close();
        events.close();
    }

    /** A machine on which every VMM has ended. */
    private static final class NoVmms implements VmmDriver {
        @Override
        public Probe probe(boolean allowEmulation) {
            return new Probe(Accelerator.TCG, "QEMU 7.2.22", "pc-q35-7.2", "");
        }

        @Override
        public String cpuFeatures(String cpuTemplate, Accelerator accelerator) {
            return "sse2";
        }

        @Override
        public Vmm start(VmmSpec spec) throws IOException {
            throw new IOException("this machine starts no VMM");
        }

        @Override
        public Vmm adopt(VmmSpec spec) throws IOException {
            throw new IOException("the process is gone");
        }
    }
}

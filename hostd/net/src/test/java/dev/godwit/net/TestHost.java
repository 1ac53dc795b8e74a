package dev.godwit.net;

import dev.godwit.linux.Mount;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A host: a namespace on a subnet of its own, and its network, worked on in a thread of the namespace. */
final class TestHost implements AutoCloseable {
    private final TestNamespace machine;
    private final HostNetworkSpec spec;
    private HostNetwork network;

    private TestHost(TestNamespace machine, HostNetworkSpec spec, HostNetwork network) {
        this.machine = machine;
        this.spec = spec;
        this.network = network;
    }

    static TestHost open(TestNamespace machine, InetAddress underlay, Path bpfFolder) {
        HostNetworkSpec spec = new HostNetworkSpec(underlay, bpfFolder, VmPortSpec.MTU, Optional.empty());
        return new TestHost(machine, spec, machine.in(() -> HostNetwork.open(spec)));
    }

    TestNamespace machine() {
        return machine;
    }

    HostNetwork network() {
        return network;
    }

    DataPlaneMaps maps() {
        return network.maps();
    }

    InetAddress underlay() {
        return spec.underlayAddress();
    }

    VmPort createPort(VmPortSpec port) {
        return machine.in(() -> network.createPort(port));
    }

    VmPort reopenPort(VmPortSpec port) {
        return machine.in(() -> network.reopenPort(port));
    }

    void removePort(VmPort port) {
        machine.in(() -> {
            network.removePort(port);
            return true;
        });
    }

    /** hostd dies. */
    void die() {
        network.close();
    }

    /** hostd starts again. */
    void restart() {
        network = machine.in(() -> HostNetwork.open(spec));
    }

    /** How often something was dropped for a reason, in both directions. */
    long dropped(DropReason reason) throws IOException {
        return packets(maps().counters().dropped(Direction.IN).get(reason))
                + packets(maps().counters().dropped(Direction.OUT).get(reason));
    }

    long passed(Way way) throws IOException {
        return packets(maps().counters().passed().get(way));
    }

    private static long packets(@Nullable Traffic traffic) {
        return Objects.requireNonNull(traffic).packets();
    }

    /** Takes all of it away. */
    void remove() {
        machine.in(() -> {
            network.remove();
            return true;
        });
    }

    @Override
    public void close() throws IOException {
        try {
            if (Files.isDirectory(spec.bpfFolder()) && Mount.isBpf(spec.bpfFolder())) {
                network.close();
                Mount.unmount(spec.bpfFolder());
            }
        } finally {
            machine.close();
        }
    }
}

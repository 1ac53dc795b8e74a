package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;
import dev.godwit.client.ClientTls;
import dev.godwit.client.Endpoint;
import dev.godwit.tls.Role;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A fleet for tests of clients: hostds in this process with the real REST, events and all, and VMs that exist in memory only
 * and outlive their hostds. For one thread; its hosts answer any.
 */
public final class MemoryFleet implements AutoCloseable {
    private final FakeFleet fleet = new FakeFleet();
    private final Path directory;
    private final Map<String, TestHost> hosts = new ConcurrentHashMap<>();
    private final List<SecureHost> secure = new ArrayList<>();

    /** @param directory for the hosts' state, short enough for the path of a socket */
    public MemoryFleet(Path directory) {
        this.directory = directory;
    }

    /** Starts a host, or starts it again; gives where it answers, which is the same each time. */
    public Endpoint start(String host) throws IOException {
        TestHost started = TestHost.open(host, fleet, directory);
        hosts.put(host, started);
        return started.unix();
    }

    /** Stops a host's hostd; its VMs stay. */
    public void stop(String host) throws Exception {
        TestHost stopped = hosts.remove(host);
        if (stopped != null) {
            stopped.close();
        }
    }

    /** Starts a host that speaks TLS and gives where. */
    public Endpoint startSecure(String host) throws IOException {
        SecureHost started = SecureHost.open(host, fleet, directory);
        secure.add(started);
        return Endpoint.parse(started.base.toString());
    }

    /** The certificate of an operator of the fleet of the secure hosts. */
    public ClientTls operator() throws IOException {
        return ClientTls.of(secure.get(0).issue(Role.OPERATOR, "jenkins"));
    }

    /** Lets a host refuse each request for a VM. */
    public void refuse(String host, ProblemCode code, String sentence) {
        fleet.refusing.put(host, new Refused(code, sentence));
    }

    /** Lets a host make VMs again. */
    public void accept(String host) {
        fleet.refusing.remove(host);
    }

    /** Ids of all VMs. */
    public Set<String> vms() {
        return Set.copyOf(fleet.vms.keySet());
    }

    /** The most VMs that there were at once. */
    public int vmsMost() {
        return fleet.vmsMost.get();
    }

    /** A VM is no more, as after its lease. */
    public void end(String vm) {
        fleet.vms.remove(vm);
    }

    /** Lets moves that begin from now on wait until {@link #endMove} says how they end. */
    public void holdMoves() {
        fleet.holdsMoves = true;
    }

    /** Ends a held move. @param failure why the VM stays where it was; null where it goes */
    public void endMove(String vm, @Nullable String failure) {
        Objects.requireNonNull(fleet.heldMoves.remove(vm), "vm " + vm + " does not move")
                .accept(failure);
    }

    /** A VM is on another host, and no event says so. */
    public void own(String vm, String host) {
        fleet.own(vm, host);
    }

    /** Ends all processes of a VM, with this signal. */
    public void signalAll(String vm, String signal) {
        fleet.execs.values().stream().filter(exec -> exec.vm().equals(vm)).forEach(exec -> exec.signal(signal));
    }

    /** Everything that was asked of guests: the arguments of their commands. */
    public Set<String> arguments() {
        return fleet.execs.values().stream()
                .flatMap(exec -> exec.record().argv().stream())
                .collect(Collectors.toSet());
    }

    @Override
    public void close() throws Exception {
        for (String host : List.copyOf(hosts.keySet())) {
            stop(host);
        }
        for (SecureHost each : secure) {
            each.close();
        }
    }
}

package dev.godwit.daemon;

import dev.godwit.linux.Pidfd;
import dev.godwit.net.Connections;
import dev.godwit.net.HeldFrames;
import dev.godwit.net.HostNetwork;
import dev.godwit.net.VmAddress;
import dev.godwit.net.VmPort;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One VM's place in the routed network of this host. Guarded by itself but for what never changes. */
final class Seat implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Seat.class);

    final VmPort port;
    final String project;
    final List<VmAddress> addresses;
    private final FollowedRules rules;
    /** Of the move that brings it here; empty for none, or one that an earlier hostd took in. */
    String moveId = "";

    @Nullable
    Pidfd vmm;

    /** Taken out of the queue for the source, from place {@code heldFirst} of this count on. */
    final String count = UUID.randomUUID().toString();

    final List<byte[]> held = new ArrayList<>();

    int heldFirst;
    /** Whether packets may wait here for a VM that arrives. */
    boolean holds;

    /** Whether the source delivers again: a hold that was asked for before and comes late is none. */
    boolean passesOn;

    boolean fetched;
    boolean abandoned;
    private boolean left;

    Seat(VmPort port, String project, List<VmAddress> addresses, VmRules.Rules rules) {
        this.port = port;
        this.project = project;
        this.addresses = addresses;
        this.rules = new FollowedRules(this, rules);
    }

    /** Gives the VM the rules that hold now. Not to be called with the seat locked. */
    void follow(VmRules all, Connections connections) throws IOException {
        rules.follow(() -> all.of(project), now -> {
            if (left) {
                return; // the number of its tap is no policy's any more
            }
            port.policy(now.policy());
            int ended = DeniedFlows.end(connections, addresses, now.policy());
            port.limit(now.rate());
            port.sendLimit(now.sendRate());
            log.info(
                    "vm {} has the rules of project {} as they are now; {} flows end",
                    port.spec().vmId(),
                    project,
                    ended);
        });
    }

    /** Takes the port away. */
    void leave(HostNetwork host) throws IOException {
        letGo();
        left = true;
        host.removePort(port);
    }

    /** The VM arrives with this VMM: what comes for it waits, and what waited elsewhere waits here before it. */
    synchronized void waitsWith(long vmmPid) throws IOException {
        port.armToArrive(hold(vmmPid));
        // Only now does the tap keep what is put into it.
        port.inject(new HeldFrames(held));
        held.clear();
    }

    /** The VMM of this process holds the tap, and is made to wait where the VM may not send faster. */
    void heldBy(long vmmPid) {
        try {
            port.heldBy(vmmPid);
        } catch (IOException e) {
            // The VM is more than its network: it runs all the same.
            log.error(
                    "vm {} is not made to wait by its rate, what is too much is dropped: {}",
                    port.spec().vmId(),
                    e.getMessage());
        }
    }

    void letGo() {
        port.disarm();
        if (vmm != null) {
            vmm.close();
            vmm = null;
        }
    }

    Pidfd hold(long pid) throws IOException {
        letGo();
        Pidfd opened = Pidfd.open(pid);
        vmm = opened;
        return opened;
    }

    @Override
    public void close() {
        letGo();
        port.close();
    }
}

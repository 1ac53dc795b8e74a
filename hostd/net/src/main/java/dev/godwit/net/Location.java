package dev.godwit.net;

import java.net.InetAddress;
import java.util.Optional;

/**
 * Where a VM's address answers.
 *
 * @param host underlay address of the host behind which the VM answers
 * @param fence of the ownership record that says so, from 1; a lower one never replaces a higher
 * @param previousHost a host that still may speak for the VM: the source of a move between SWITCH and RELEASE
 */
public record Location(VmAddress vm, InetAddress host, long fence, Optional<InetAddress> previousHost) {
    public Location {
        host = Addresses.station(host, "the host of " + vm);
        previousHost = previousHost.map(previous -> Addresses.station(previous, "the previous host of " + vm));
        if (fence < 1) {
            throw new IllegalArgumentException("fence " + fence + " of " + vm + " is below 1");
        }
        if (previousHost.filter(host::equals).isPresent()) {
            throw new IllegalArgumentException(
                    "the previous host of " + vm + " is its host " + host.getHostAddress() + " itself");
        }
    }

    /** A location that no other host may speak for. */
    public static Location settled(VmAddress vm, InetAddress host, long fence) {
        return new Location(vm, host, fence, Optional.empty());
    }

    /** The same location while {@code previous} may still speak for the VM. */
    public Location after(InetAddress previous) {
        return new Location(vm, host, fence, Optional.of(previous));
    }
}

package dev.godwit.jenkins.broker;

import dev.godwit.api.Capabilities;
import dev.godwit.api.Host;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What <em>Test connection</em> shows.
 *
 * @param hosts of the fleet that run VMs, with state, free memory and disk, capacity and versions; empty when none was reached
 * @param capabilities of the host that answered; null when none did
 * @param problem why the cloud can't work with this fleet, a sentence; null when it can
 * @param hidden the fields this hostd has no means for, each with the sentence that refuses it
 */
public record ConnectionReport(
        List<Host> hosts,
        @Nullable Capabilities capabilities,
        @Nullable String problem,
        Map<OptionalField, String> hidden) {
    public ConnectionReport {
        hosts = List.copyOf(hosts);
        hidden = Map.copyOf(hidden);
    }

    /** Whether VMs can be made. */
    public boolean good() {
        return problem == null;
    }

    /** One line a host: name, state, free capacity, versions. */
    public List<String> lines() {
        return hosts.stream().map(ConnectionReport::line).toList();
    }

    private static String line(Host host) {
        String room = host.capacity() == null
                ? ""
                : ", " + host.capacity().vms() + " of " + host.capacity().vmsMax() + " VMs";
        return host.id() + " is " + host.state() + ": " + host.freeMemoryMib() + " MiB of memory and "
                + host.freeDiskMib() + " MiB of disk free" + room + ", hostd "
                + host.versions().godwit() + ", Linux " + host.versions().kernel()
                + (host.versions().vmm() == null ? "" : ", " + host.versions().vmm())
                + (host.reason().isEmpty() ? "" : " (" + host.reason() + ")");
    }
}

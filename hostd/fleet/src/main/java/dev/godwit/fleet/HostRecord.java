package dev.godwit.fleet;

import java.util.Map;

/**
 * A host as the others see it.
 *
 * @param installation an id that hostd made at its first start and keeps in its state directory: the same host after a restart
 *     has the same, another machine with a copied configuration has not
 * @param restAddress where its REST API answers other hosts, {@code host:port}; empty if nowhere
 * @param peerAddress where its peer wire listens, {@code host:port}; empty if nowhere
 * @param underlayAddress where its data plane takes packets for its VMs, an IP address without a port; empty if nowhere
 * @param labels what else the others may choose by: zone, instance type, CPU template, ...
 */
public record HostRecord(
        String hostId,
        String installation,
        HostRole role,
        String restAddress,
        String peerAddress,
        String underlayAddress,
        Map<String, String> labels) {
    public HostRecord {
        Names.requireId("host id", hostId);
        Names.requireId("installation", installation);
        labels = Map.copyOf(labels);
    }
}

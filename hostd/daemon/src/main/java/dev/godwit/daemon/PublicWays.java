package dev.godwit.daemon;

import dev.godwit.api.PortProtocol;
import dev.godwit.edge.EdgeSides;
import dev.godwit.edge.PublicAddress;
import dev.godwit.edge.PublishedPort;
import dev.godwit.edge.PublishedPorts;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.OwnershipRecord;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The ways that an edge opens from the world to VMs: what is published in the fleet store and leads to a VM that is there.
 * What could not be opened or shut is tried again at the next look. Looked at by one thread, counted by any.
 */
final class PublicWays {
    private final EdgeSides sides;
    private final VmAddresses addresses;
    private volatile List<PublishedPort> applied = List.of();

    PublicWays(EdgeSides sides, VmAddresses addresses) {
        this.sides = sides;
        this.addresses = addresses;
    }

    /** Whoever opens and shuts. */
    interface Gate {
        void publish(PublishedPorts ports) throws IOException;
    }

    /**
     * Opens and shuts what has changed since the last look that came to its end.
     *
     * @return whether anything had
     * @throws IOException nothing or not all was opened and shut; the next look tries it again
     */
    boolean look(FleetDocuments documents, List<OwnershipRecord> vms, Gate gate)
            throws FleetStoreUnavailable, IOException {
        List<PublishedPort> wanted = wanted(documents, vms);
        if (wanted.equals(applied)) {
            return false;
        }
        gate.publish(PublishedPorts.of(sides, wanted));
        applied = wanted;
        return true;
    }

    /** How many ways are open; one a public address. */
    int count() {
        return applied.size();
    }

    private List<PublishedPort> wanted(FleetDocuments documents, List<OwnershipRecord> vms)
            throws FleetStoreUnavailable {
        Map<String, OwnershipRecord> records = new HashMap<>();
        vms.forEach(vm -> records.put(vm.vmId(), vm));
        List<PublishedPort> ports = new ArrayList<>();
        for (PublicPorts.Published one : PublicPorts.all(documents)) {
            OwnershipRecord record = records.get(one.lead().vmId());
            if (record != null && one.lead().isTo(record)) {
                addresses.of(record.address()).forEach(vm -> add(ports, one, vm));
            }
        }
        return ports;
    }

    private void add(List<PublishedPort> ports, PublicPorts.Published one, InetAddress vm) {
        if (sides.vmPrefixes().stream().noneMatch(prefix -> prefix.covers(vm))) {
            return; // a VM of another network of before
        }
        PublishedPort.Protocol protocol =
                one.protocol() == PortProtocol.TCP ? PublishedPort.Protocol.TCP : PublishedPort.Protocol.UDP;
        int vmPort = one.lead().vmPort();
        if (vm.getAddress().length > 4) {
            ports.add(new PublishedPort(protocol, vm, vmPort, vm, vmPort));
            return;
        }
        for (PublicAddress address : sides.publicAddresses()) {
            if (address.address().getAddress().length == 4) {
                ports.add(new PublishedPort(protocol, address.address(), one.publicPort(), vm, vmPort));
            }
        }
    }
}

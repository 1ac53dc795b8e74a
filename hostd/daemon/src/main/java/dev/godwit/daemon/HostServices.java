package dev.godwit.daemon;

import dev.godwit.fleet.FleetStore;
import dev.godwit.move.MoveHost;
import dev.godwit.vmm.Tracking;
import dev.godwit.vmm.VmmDriver;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The parts of a running host, as {@link HostControl} uses them. */
record HostServices(
        Vms vms,
        VmLifecycle lifecycle,
        KeyedVms keyedVms,
        VmClaims claims,
        LostVms lost,
        VmLeases leases,
        FleetStore store,
        Peers peers,
        FleetView view,
        Networks networks,
        VmTraffic traffic,
        MoveHost moveHost,
        Moves moves,
        MoveLog moveLog,
        Evacuation evacuation,
        Departure departure,
        Images images,
        ImageTransfer transfer,
        HostFitness fitness,
        Admission admission,
        Tracking tracking,
        List<String> cpuTemplates,
        Ports ports,
        ClosingStack parts) {
    /** What the probe found, null where it could not be run. */
    VmmDriver.@Nullable Probe probeOrNull() {
        try {
            return fitness.probe();
        } catch (IOException e) {
            return null;
        }
    }

    /** Closes all parts in reverse order; VMs run on. */
    void close() throws IOException {
        parts.close();
    }
}

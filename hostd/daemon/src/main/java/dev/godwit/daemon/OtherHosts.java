package dev.godwit.daemon;

import dev.godwit.api.Host;
import dev.godwit.api.HostRole;
import dev.godwit.api.HostState;
import dev.godwit.api.Versions;
import dev.godwit.fleet.HostRecord;
import java.io.IOException;
import java.util.List;

/** Other hosts as the API shows them. */
final class OtherHosts {
    private OtherHosts() {}

    /** Another host as far as its peer wire tells; one that does not answer is shown as gone. */
    static Host shown(Peers peers, HostRecord record) {
        HostState state = HostState.GONE;
        String reason = "";
        long memoryMib = 0;
        long diskMib = 0;
        try {
            Peers.Capacity capacity = peers.capacity(record);
            state = capacity.takesVms() ? HostState.READY : HostState.UNFIT;
            reason = capacity.takesVms() ? "" : "takes no VM; its own status says why";
            memoryMib = capacity.freeMemoryMib();
            diskMib = capacity.freeDiskBytes() >> 20;
        } catch (IOException e) {
            reason = String.valueOf(e.getMessage());
        }
        return new Host(
                record.hostId(),
                HostRole.valueOf(record.role().name()),
                state,
                null,
                reason,
                "unknown",
                memoryMib,
                diskMib,
                new Versions("", "", null, null),
                List.of(),
                null,
                null,
                record.restAddress().isEmpty() ? null : record.restAddress());
    }
}

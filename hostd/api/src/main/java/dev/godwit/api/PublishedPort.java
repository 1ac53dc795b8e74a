package dev.godwit.api;

import java.util.List;

/**
 * A port of the fleet's public address that leads to a VM.
 *
 * @param vm id
 * @param publicAddresses where the world finds it; none while no edge is alive
 */
public record PublishedPort(
        String vm, List<String> publicAddresses, int publicPort, int vmPort, PortProtocol protocol) {
    public PublishedPort {
        Require.reference("vm", vm);
        publicAddresses = List.copyOf(publicAddresses);
        Require.between("publicPort", publicPort, 1, PublishPort.PORT_MAX);
        Require.between("vmPort", vmPort, 1, PublishPort.PORT_MAX);
    }
}

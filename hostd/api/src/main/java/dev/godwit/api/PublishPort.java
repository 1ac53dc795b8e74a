package dev.godwit.api;

/**
 * Asks that a port of the fleet's public address leads to a VM, wherever it is.
 *
 * @param publicPort 1 to 65,535
 * @param vmPort 1 to 65,535
 * @param protocol left out: tcp
 */
public record PublishPort(int publicPort, int vmPort, PortProtocol protocol) {
    static final int PORT_MAX = 65_535;

    public PublishPort {
        Require.between("publicPort", publicPort, 1, PORT_MAX);
        Require.between("vmPort", vmPort, 1, PORT_MAX);
        protocol = protocol == null ? PortProtocol.TCP : protocol;
    }
}

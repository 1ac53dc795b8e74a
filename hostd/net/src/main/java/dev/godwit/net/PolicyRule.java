package dev.godwit.net;

import java.util.OptionalInt;

/**
 * One line of a policy.
 *
 * @param direction of the packet that opens the flow; answers need no rule
 * @param remote the other side: the destination of OUT, the source of IN
 * @param protocol IP protocol number, 0 to 255; empty: any
 * @param firstPort lowest destination port (the remote's for OUT, the VM's for IN), 0 to 65535
 * @param lastPort highest destination port; a range other than 0 to 65535 is for TCP, UDP, UDP-Lite, SCTP and DCCP
 */
public record PolicyRule(
        Direction direction, Verdict verdict, Prefix remote, OptionalInt protocol, int firstPort, int lastPort) {
    static final int ANY_PROTOCOL = 256;
    private static final int PORT_MAX = 65535;

    public PolicyRule {
        if (protocol.isPresent() && (protocol.getAsInt() < 0 || protocol.getAsInt() > 255)) {
            throw new IllegalArgumentException("IP protocol " + protocol.getAsInt() + " is not between 0 and 255");
        }
        if (firstPort < 0 || lastPort > PORT_MAX || firstPort > lastPort) {
            throw new IllegalArgumentException(
                    "ports " + firstPort + " to " + lastPort + " are no range between 0 and " + PORT_MAX);
        }
        boolean someProtocols = protocol.isEmpty() || hasPorts(protocol.getAsInt());
        if (!someProtocols && !(firstPort == 0 && lastPort == PORT_MAX)) {
            throw new IllegalArgumentException("IP protocol " + protocol.getAsInt() + " has no ports");
        }
    }

    /** A rule for every protocol and port. */
    public static PolicyRule any(Direction direction, Verdict verdict, Prefix remote) {
        return new PolicyRule(direction, verdict, remote, OptionalInt.empty(), 0, PORT_MAX);
    }

    private static boolean hasPorts(int protocol) {
        return switch (protocol) {
            case 6, 17, 33, 132, 136 -> true;
            default -> false;
        };
    }
}

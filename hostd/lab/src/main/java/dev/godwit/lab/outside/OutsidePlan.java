package dev.godwit.lab.outside;

import java.util.List;

/**
 * What the outside client speaks to, and where it listens.
 *
 * @param address where a VM's {@code echo} probe answers
 * @param tcpPort of the probe's connection
 * @param udpPort of the probe's datagrams
 * @param listenPort where the client expects the VM's datagrams
 * @param ratePerSecond records, and datagrams each way
 * @param serverPort where the client answers a {@code dial} probe
 */
public record OutsidePlan(String address, int tcpPort, int udpPort, int listenPort, int ratePerSecond, int serverPort) {
    private static final int ARGUMENTS = 6;

    List<String> arguments() {
        return List.of(
                address,
                Integer.toString(tcpPort),
                Integer.toString(udpPort),
                Integer.toString(listenPort),
                Integer.toString(ratePerSecond),
                Integer.toString(serverPort));
    }

    static OutsidePlan of(List<String> arguments) {
        if (arguments.size() != ARGUMENTS) {
            throw new IllegalArgumentException(
                    "usage: ADDRESS TCP-PORT UDP-PORT LISTEN-PORT RATE SERVER-PORT RESULT-FILE");
        }
        return new OutsidePlan(
                arguments.get(0),
                Integer.parseInt(arguments.get(1)),
                Integer.parseInt(arguments.get(2)),
                Integer.parseInt(arguments.get(3)),
                Integer.parseInt(arguments.get(4)),
                Integer.parseInt(arguments.get(5)));
    }
}

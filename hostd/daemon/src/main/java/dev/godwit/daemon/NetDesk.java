package dev.godwit.daemon;

import dev.godwit.fleet.HostRole;
import dev.godwit.peer.PeerRefused;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;

/** Where the other hosts' calls about packets arrive. */
final class NetDesk {
    private static final byte[] DONE = "{}".getBytes(StandardCharsets.UTF_8);

    private final RoutedNetwork network;
    private final FleetLocations locations;

    NetDesk(RoutedNetwork network, FleetLocations locations) {
        this.network = network;
        this.locations = locations;
    }

    /** Answers a call whose name begins with {@link NetCalls#PREFIX}. Only a VM's owner is listened to. */
    byte[] call(String fromHost, String method, byte[] argument) throws IOException {
        switch (method) {
            case NetCalls.WORD -> {
                LocationWord word = NetCalls.read(argument, LocationWord.class);
                if (!word.speaker().equals(fromHost)) {
                    throw new PeerRefused("not-yours", "host " + fromHost + " speaks as host " + word.speaker());
                }
                locations.say(word);
                return DONE;
            }
            case NetCalls.FLOWS -> {
                NetCalls.Flows flows = NetCalls.read(argument, NetCalls.Flows.class);
                requireOwner(fromHost, flows.vmId());
                network.flows(flows);
                return DONE;
            }
            case NetCalls.CARRY -> {
                NetCalls.Carry carry = NetCalls.read(argument, NetCalls.Carry.class);
                requireOwner(fromHost, carry.vmId());
                network.carry(carry);
                return DONE;
            }
            case NetCalls.FETCH -> {
                NetCalls.Fetch fetch = NetCalls.read(argument, NetCalls.Fetch.class);
                requireOwner(fromHost, fetch.vmId());
                InetAddress source = locations
                        .underlay(fromHost)
                        .orElseThrow(() -> new IOException("host " + fromHost + " has no underlay-address"));
                return NetCalls.write(network.fetch(fetch, source));
            }
            case NetCalls.EDGE -> {
                EdgeWord word = NetCalls.read(argument, EdgeWord.class);
                boolean edge = locations
                        .host(fromHost)
                        .filter(host -> host.role() == HostRole.EDGE)
                        .isPresent();
                if (!edge || !word.edge().equals(fromHost)) {
                    throw new PeerRefused("not-an-edge", "host " + fromHost + " can't speak as edge " + word.edge());
                }
                locations.activeEdge(word);
                return DONE;
            }
            default -> throw new PeerRefused("no-such-call", "this hostd knows no call " + method);
        }
    }

    private void requireOwner(String fromHost, String vmId) throws IOException {
        if (locations
                .record(vmId)
                .filter(record -> record.owner().equals(fromHost))
                .isEmpty()) {
            throw new PeerRefused("not-yours", "host " + fromHost + " does not own vm " + vmId);
        }
    }
}

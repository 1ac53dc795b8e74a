package dev.godwit.edge;

import dev.godwit.net.HostNetwork;
import dev.godwit.net.HostNetworkSpec;
import dev.godwit.net.Location;
import dev.godwit.net.VmAddress;
import dev.godwit.net.VmPortSpec;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One edge as a process, which a test can kill, freeze and cut off. Its seat is a file, its way to the other edge a Unix
 * socket, both in a shared folder. Answers each line on its input with a line of figures; ends with its input.
 */
final class EdgeProgram {
    private EdgeProgram() {}

    /**
     * Arguments: this edge's id, the other's, the folder, the lease in milliseconds; and for an edge of the data plane
     * its own underlay address, the host's, and the other edge's.
     */
    public static void main(String[] arguments) throws IOException {
        String id = arguments[0];
        Path folder = Path.of(arguments[2]);
        boolean overVxlan = arguments.length > 4;
        if (overVxlan) {
            joinDataPlane(folder.resolve("bpf-" + id), arguments[4], arguments[5], arguments[6]);
        }
        EdgeSpec spec = new EdgeSpec(
                id,
                EdgeWorld.SIDES,
                Duration.ofMillis(Long.parseLong(arguments[3])),
                List.of(),
                DnsLimits.defaults(),
                EdgeSpec.DNS_PORT,
                10_000,
                folder.resolve(id + ".served"));
        VmNames names = (asker, vm, project) -> vm.equals("builder") ? List.of(EdgeWorld.VM) : List.of();
        EdgeNode node = EdgeNode.open(
                spec,
                EdgeWorld.published(),
                names,
                new FileSeat(folder),
                overVxlan ? new WordOfMouth(folder.resolve("active"), id) : new Claim(),
                () -> List.of(() -> dial(folder.resolve(arguments[1] + ".sock"))));
        listen(folder.resolve(id + ".sock"), node);
        System.out.println("ready");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            EdgeMetrics metrics = node.metrics();
            System.out.println(metrics.state() + " " + metrics.fence() + " " + metrics.flowsCopied() + " "
                    + metrics.copyComplete() + " " + metrics.standbysCurrent() + " "
                    + metrics.lastLoad().toMillis() + " " + metrics.flowsLoaded());
        }
        System.exit(0);
    }

    private static void joinDataPlane(Path bpf, String underlay, String host, String otherEdge) throws IOException {
        InetAddress hostAddress = InetAddress.ofLiteral(host);
        HostNetwork network = HostNetwork.open(
                new HostNetworkSpec(InetAddress.ofLiteral(underlay), bpf, VmPortSpec.MTU, Optional.empty()));
        network.peers(Set.of(hostAddress, InetAddress.ofLiteral(otherEdge)));
        for (InetAddress vm : List.of(EdgeWorld.VM, EdgeWorld.VM6)) {
            network.maps().locations().put(Location.settled(new VmAddress(1, vm), hostAddress, 1));
        }
        network.maps().lease().forever();
        network.openGateway(EdgeWorld.SIDES.vmPrefixes());
    }

    /** Beside the interface, a file says who is active: in place of the call that hosts get. */
    private record WordOfMouth(Path file, String id) implements AddressClaim {
        @Override
        public void claim(InetAddress address) throws IOException {
            new DeviceClaim("pub0").claim(address);
            Path next = file.resolveSibling("active-" + id);
            Files.writeString(next, id);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }

        @Override
        public void announce(InetAddress address) throws IOException {
            new DeviceClaim("pub0").announce(address);
        }

        @Override
        public void release(InetAddress address) throws IOException {
            new DeviceClaim("pub0").release(address);
        }
    }

    /** Beside the public addresses, the VMs' gateway goes with the seat: in place of the hosts' maps of edges. */
    private static final class Claim implements AddressClaim {
        private final AddressClaim world = new DeviceClaim("pub0");

        @Override
        public void claim(InetAddress address) throws IOException {
            Announcement.send("vx0", EdgeWorld.GATEWAY);
            Announcement.send("vx0", InetAddress.ofLiteral("fe80::1"));
            world.claim(address);
        }

        @Override
        public void announce(InetAddress address) throws IOException {
            Announcement.send("vx0", EdgeWorld.GATEWAY);
            Announcement.send("vx0", InetAddress.ofLiteral("fe80::1"));
            world.announce(address);
        }

        @Override
        public void release(InetAddress address) throws IOException {
            world.release(address);
        }
    }

    private static ReplicaLink dial(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        DataOutputStream out = new DataOutputStream(Channels.newOutputStream(channel));
        return new ReplicaLink() {
            @Override
            public void send(ByteBuffer message) throws IOException {
                byte[] bytes = new byte[message.remaining()];
                message.get(bytes);
                out.writeInt(bytes.length);
                out.write(bytes);
                out.flush();
            }

            @Override
            public void close() {
                try {
                    channel.close();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
        };
    }

    private static void listen(Path path, EdgeNode node) throws IOException {
        Files.deleteIfExists(path);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
        Thread.ofPlatform().daemon().start(() -> {
            while (true) {
                try {
                    SocketChannel from = server.accept();
                    Thread.ofPlatform().daemon().start(() -> receive(from, node));
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
        });
    }

    private static void receive(SocketChannel from, EdgeNode node) {
        try (from;
                ReplicaTable.Receiver receiver = node.receive()) {
            DataInputStream in = new DataInputStream(Channels.newInputStream(from));
            while (true) {
                byte[] message = new byte[in.readInt()];
                in.readFully(message);
                receiver.receive(ByteBuffer.wrap(message));
            }
        } catch (IOException e) {
            // The other edge opens a new one.
        }
    }
}

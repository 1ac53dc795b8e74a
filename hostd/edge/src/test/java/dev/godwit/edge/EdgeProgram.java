package dev.godwit.edge;

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
import java.time.Duration;
import java.util.List;

/**
 * One edge as a process, which a test can kill, freeze and cut off. Its seat is a file, its way to the other edge a Unix
 * socket, both in a shared folder. Answers each line on its input with a line of figures; ends with its input.
 */
final class EdgeProgram {
    private EdgeProgram() {}

    /** Arguments: this edge's id, the other's, the folder, the lease in milliseconds. */
    public static void main(String[] arguments) throws IOException {
        String id = arguments[0];
        Path folder = Path.of(arguments[2]);
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
                new Claim(),
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

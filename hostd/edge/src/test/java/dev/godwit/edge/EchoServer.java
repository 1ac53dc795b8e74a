package dev.godwit.edge;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Sends back what it gets, over TCP and UDP, and remembers from where it came. */
final class EchoServer implements AutoCloseable {
    private final ServerSocket server;
    private final DatagramSocket datagrams;
    private final Set<Socket> clients = ConcurrentHashMap.newKeySet();
    final Set<InetSocketAddress> seen = ConcurrentHashMap.newKeySet();

    EchoServer(TestNamespace in, InetAddress address, int port) throws IOException {
        server = in.call(() -> new ServerSocket(port, 50, address));
        datagrams = in.call(() -> new DatagramSocket(port, address));
        Thread.ofPlatform().daemon().start(this::accept);
        Thread.ofPlatform().daemon().start(this::receive);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = server.accept();
                clients.add(client);
                seen.add((InetSocketAddress) client.getRemoteSocketAddress());
                Thread.ofVirtual().start(() -> echo(client));
            }
        } catch (IOException e) {
            // Closed at the test's end.
        }
    }

    private static void echo(Socket client) {
        try (client) {
            InputStream in = client.getInputStream();
            OutputStream out = client.getOutputStream();
            byte[] buffer = new byte[4096];
            for (int got = in.read(buffer); got > 0; got = in.read(buffer)) {
                out.write(buffer, 0, got);
            }
        } catch (IOException e) {
            // The client tells.
        }
    }

    private void receive() {
        byte[] buffer = new byte[2048];
        try {
            while (true) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                datagrams.receive(packet);
                SocketAddress from = packet.getSocketAddress();
                seen.add((InetSocketAddress) from);
                datagrams.send(new DatagramPacket(buffer, packet.getLength(), from));
            }
        } catch (IOException e) {
            // Closed at the test's end.
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        datagrams.close();
        for (Socket client : clients) {
            client.close();
        }
    }
}

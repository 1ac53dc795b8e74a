package dev.godwit.fleet.etcd;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A TCP relay on loopback in front of etcd that can swallow what etcd answers, or cut everything. */
final class LossyWire implements AutoCloseable {
    private final ServerSocket server;
    private final int target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private volatile boolean swallowing;

    LossyWire(int target) throws IOException {
        this.server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        this.target = target;
        Thread.ofVirtual().name("wire").start(this::acceptUntilClosed);
    }

    String endpoint() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    void swallowAnswers(boolean swallow) {
        swallowing = swallow;
    }

    /** Takes no connection any more, like a machine without power. */
    @Override
    public void close() throws IOException {
        server.close();
        cut();
    }

    void cut() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        sockets.clear();
    }

    private void acceptUntilClosed() {
        while (true) {
            try {
                Socket near = server.accept();
                Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
                sockets.add(near);
                sockets.add(far);
                if (server.isClosed()) { // an accept that was on its way still takes one
                    cut();
                    return;
                }
                relay(near, far, false);
                relay(far, near, true);
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void relay(Socket from, Socket to, boolean answers) {
        Thread.ofVirtual().name("wire").start(() -> {
            byte[] buffer = new byte[16_384];
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    if (!(answers && swallowing)) {
                        out.write(buffer, 0, n);
                    }
                }
            } catch (IOException cut) {
                // The other end of this connection is gone; so is this one.
            }
        });
    }
}

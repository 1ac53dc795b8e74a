package dev.godwit.daemon;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A host that reads a request, does something, and begins an answer at most. */
final class LosingHost implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> open = new CopyOnWriteArrayList<>();
    private final Runnable act;
    private final String beginning;

    /** Lines of the requests that came. */
    final List<String> requests = new CopyOnWriteArrayList<>();

    /** @param beginning of the answer, after which nothing more comes; empty: the connection is closed instead */
    LosingHost(Runnable act, String beginning) throws IOException {
        this.act = act;
        this.beginning = beginning;
        Thread.ofVirtual().name("losing-host").start(this::serve);
    }

    URI base() {
        return URI.create("http://127.0.0.1:" + server.getLocalPort());
    }

    private void serve() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                open.add(socket);
                byte[] buffer = new byte[64 * 1024];
                int length = socket.getInputStream().read(buffer);
                requests.add(new String(buffer, 0, Math.max(length, 0), StandardCharsets.ISO_8859_1)
                        .lines()
                        .findFirst()
                        .orElse(""));
                act.run();
                if (beginning.isEmpty()) {
                    socket.close();
                } else {
                    socket.getOutputStream().write(beginning.getBytes(StandardCharsets.ISO_8859_1));
                }
            } catch (IOException over) {
                return; // the test is over
            }
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}

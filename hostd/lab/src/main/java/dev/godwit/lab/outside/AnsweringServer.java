package dev.godwit.lab.outside;

import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.util.ArrayList;
import java.util.List;

/**
 * Sends back the records of whoever connects: the far end of the connection that a guest holds. A thread for each
 * connection; all methods may be called from any thread.
 */
final class AnsweringServer {
    /** A demo has one; a guest that connects anew without end is told from it. */
    private static final int CONNECTIONS_MAX = 1000;

    private final ServerSocket listener;
    private final List<String> from = new ArrayList<>();
    private long records;

    AnsweringServer(int port) throws IOException {
        listener = new ServerSocket(port);
    }

    void start() {
        Thread.ofPlatform().name("server").daemon().start(this::accept);
    }

    synchronized OutsideResult.Server seen() {
        return new OutsideResult.Server(
                from.size(), records, from.stream().distinct().toList());
    }

    private void accept() {
        while (true) {
            try {
                Socket connection = listener.accept();
                synchronized (this) {
                    if (from.size() == CONNECTIONS_MAX) {
                        throw new IOException("more than " + CONNECTIONS_MAX + " connections");
                    }
                    from.add(connection.getInetAddress().getHostAddress());
                }
                connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
                Thread.ofPlatform().name("answers").daemon().start(() -> answer(connection));
            } catch (IOException e) {
                System.err.println("outside server: it takes no more connections: " + e.getMessage());
                return;
            }
        }
    }

    private void answer(Socket connection) {
        byte[] record = new byte[NumberedRecord.BYTES];
        try (connection) {
            InputStream in = connection.getInputStream();
            while (in.readNBytes(record, 0, record.length) == record.length) {
                connection.getOutputStream().write(record);
                synchronized (this) {
                    records++;
                }
            }
        } catch (IOException e) {
            System.err.println("outside server: a connection broke: " + e.getMessage());
        }
    }
}

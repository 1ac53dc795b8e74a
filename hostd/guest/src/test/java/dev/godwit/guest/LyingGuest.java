package dev.godwit.guest;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A socket behind which a test answers frames as it likes. One connection at a time. */
final class LyingGuest implements AutoCloseable {
    /** What a test does with a frame of hostd's. */
    interface Behaviour {
        void heard(Frame frame, Line hostd) throws IOException;
    }

    /** The way to hostd; numbers the frames of a connection as guestd does. */
    static final class Line {
        private final SocketChannel hostd;
        private int sequence;

        private Line(SocketChannel hostd) {
            this.hostd = hostd;
        }

        /** Answers a request, in its session. */
        void answer(FrameType type, Frame request, byte[] payload) throws IOException {
            send(new Frame(type.code(), sequence++, request.session(), request.request(), payload).encoded());
        }

        void send(ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                hostd.write(bytes);
            }
        }
    }

    private final ServerSocketChannel server;
    private final Path socket;
    private final AtomicInteger connections = new AtomicInteger();
    private volatile boolean over;
    private volatile @Nullable SocketChannel connection;

    LyingGuest(Path socket, Behaviour behaviour) throws IOException {
        this.socket = socket;
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofPlatform().name("fake-guest").daemon().start(() -> serve(behaviour));
    }

    private void serve(Behaviour behaviour) {
        while (!over) {
            try (SocketChannel hostd = server.accept()) {
                connections.incrementAndGet();
                connection = hostd;
                Line line = new Line(hostd);
                FrameReader frames = new FrameReader(0);
                while (hostd.read(frames.room()) >= 0) {
                    for (Optional<Frame> frame = frames.next(); frame.isPresent(); frame = frames.next()) {
                        behaviour.heard(frame.get(), line);
                    }
                }
            } catch (IOException gone) {
                continue; // hostd may hang up at any time
            }
        }
    }

    /** How often hostd has connected. */
    int connections() {
        return connections.get();
    }

    @Override
    public void close() throws IOException {
        over = true;
        server.close();
        SocketChannel open = connection;
        if (open != null) {
            open.close();
        }
        Files.deleteIfExists(socket);
    }
}

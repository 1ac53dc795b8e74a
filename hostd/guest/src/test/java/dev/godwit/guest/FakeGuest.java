package dev.godwit.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;

/** The socket of a VM whose guest says what the test wants. One connection at a time; used by one thread. */
final class FakeGuest implements AutoCloseable {
    private final ServerSocketChannel listening;
    private SocketChannel channel;
    private FrameReader frames = new FrameReader(0);
    private long session;
    private int sequence;

    FakeGuest(Path socket) throws IOException {
        listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listening.bind(UnixDomainSocketAddress.of(socket));
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    }

    /** Takes the next connection and reads its greeting. */
    void accept() throws IOException {
        channel.close();
        channel = listening.accept();
        frames = new FrameReader(0);
        sequence = 0;
        Frame hello = read();
        assertThat(hello.type()).isEqualTo(FrameType.HELLO.code());
        session = hello.session();
    }

    void welcome() throws IOException {
        send(FrameType.HELLO_ACK, 0, new byte[0]);
    }

    /** The next frame; fails at the end of the connection. */
    Frame read() throws IOException {
        return next().orElseThrow(() -> new IOException("hostd closed the connection"));
    }

    /** The next frame of this type; others are passed over. */
    Frame read(FrameType type) throws IOException {
        Frame frame = read();
        while (frame.type() != type.code()) {
            frame = read();
        }
        return frame;
    }

    /** Reads until hostd has closed the connection. */
    void awaitEnd() throws IOException {
        while (next().isPresent()) {
            // What it still says does not matter.
        }
    }

    private Optional<Frame> next() throws IOException {
        Optional<Frame> frame = frames.next();
        while (frame.isEmpty()) {
            try {
                if (channel.read(frames.room()) < 0) {
                    return frame;
                }
            } catch (IOException reset) {
                assertThat(reset).hasMessageContaining("reset");
                return frame;
            }
            frame = frames.next();
        }
        return frame;
    }

    void answer(Frame request, Payload payload) throws IOException {
        send(FrameType.OK, request.request(), payload.done());
    }

    void send(FrameType type, long request, byte[] payload) throws IOException {
        write(new Frame(type.code(), sequence++, session, request, payload).encoded());
    }

    /** A frame with a sound header whose payload is not what its check sum says. */
    void sendBroken() throws IOException {
        ByteBuffer frame = new Frame(FrameType.OUTPUT.code(), sequence++, session, 0, new byte[100]).encoded();
        frame.put(Frame.HEADER_BYTES + 7, (byte) 1);
        write(frame);
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
        listening.close();
    }
}

package dev.godwit.daemon;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Bytes to and from a listener, as somebody sends them who is no HTTP client. */
final class RawHttp implements AutoCloseable {
    private static final int BOUND_MILLIS = 30_000;

    private final SocketChannel channel;
    private final Selector selector;
    private final StringBuilder received = new StringBuilder();
    private int used;

    private RawHttp(SocketAddress address) throws IOException {
        this.channel = SocketChannel.open(address);
        this.selector = Selector.open();
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
    }

    static RawHttp tcp(URI base) throws IOException {
        return new RawHttp(new InetSocketAddress(base.getHost(), base.getPort()));
    }

    static RawHttp unix(Path socket) throws IOException {
        return new RawHttp(UnixDomainSocketAddress.of(socket));
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void send(byte[] bytes) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        while (out.hasRemaining()) {
            if (channel.write(out) == 0) {
                Thread.onSpinWait();
            }
        }
    }

    /** What came since the last call, up to and with this text. */
    String readUntil(String text) throws IOException {
        int found = received.indexOf(text, used);
        while (found < 0) {
            if (!more()) {
                throw new IOException("the end came before \"" + text + "\": " + received);
            }
            found = received.indexOf(text, used);
        }
        String before = received.substring(used, found + text.length());
        used = found + text.length();
        return before;
    }

    /** All that comes until the other side closes. */
    String readToEnd() throws IOException {
        while (more()) {
            if (received.length() > 1 << 20) {
                throw new IOException("more than 1 MiB came");
            }
        }
        return received.substring(used);
    }

    private boolean more() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
        int read;
        try {
            read = channel.read(buffer);
            while (read == 0) {
                if (selector.select(BOUND_MILLIS) == 0) {
                    throw new SocketTimeoutException("nothing came for " + BOUND_MILLIS + " ms after: " + received);
                }
                selector.selectedKeys().clear();
                read = channel.read(buffer);
            }
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException reset) {
            return false;
        }
        if (read > 0) {
            received.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
        }
        return read > 0;
    }

    @Override
    public void close() throws IOException {
        selector.close();
        channel.close();
    }
}

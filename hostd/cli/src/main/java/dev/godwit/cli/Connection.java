package dev.godwit.cli;

import dev.godwit.tls.TlsChannel;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import javax.net.ssl.SSLException;

/** Bytes to and from an endpoint, every wait with a bound. Used by one thread; {@link #close} may be called by another. */
final class Connection implements AutoCloseable {
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final int CONNECT_TIMEOUT_MILLIS = 3000;

    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private ByteChannel through;
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES).flip();
    private int timeoutMillis = CONNECT_TIMEOUT_MILLIS;

    private Connection(SocketChannel channel, Selector selector, SelectionKey key) {
        this.channel = channel;
        this.selector = selector;
        this.key = key;
        this.through = new Patient();
    }

    /**
     * Connects.
     *
     * @param identity who asks, for an endpoint that is spoken to over TLS
     */
    static Connection open(Endpoint endpoint, TlsIdentity identity) throws IOException {
        var address = endpoint.address();
        SocketChannel channel = address instanceof UnixDomainSocketAddress
                ? SocketChannel.open(endpoint.family())
                : SocketChannel.open();
        try {
            channel.configureBlocking(false);
            Selector selector = Selector.open();
            Connection connection = new Connection(channel, selector, channel.register(selector, 0));
            boolean connected = channel.connect(address);
            while (!connected) {
                connection.await(SelectionKey.OP_CONNECT, "a connection");
                connected = channel.finishConnect();
            }
            if (endpoint.secure()) {
                connection.secure(identity);
            }
            return connection;
        } catch (UnresolvedAddressException e) {
            channel.close();
            throw new IOException("its name is not known", e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** The longest silence from now on. */
    void timeout(int millis) {
        timeoutMillis = millis;
    }

    private void secure(TlsIdentity identity) throws IOException {
        TlsChannel tls = new TlsChannel(through, identity.engine(), BUFFER_BYTES);
        tls.handshake();
        through = tls;
    }

    void write(byte[] bytes) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        while (out.hasRemaining()) {
            through.write(out);
        }
    }

    /** The channel as one that waits, each time with the bound. */
    private final class Patient implements ByteChannel {
        @Override
        public int read(ByteBuffer into) throws IOException {
            int read = channel.read(into);
            while (read == 0) {
                await(SelectionKey.OP_READ, "its answer");
                read = channel.read(into);
            }
            return read;
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            int bytes = from.remaining();
            while (from.hasRemaining()) {
                if (channel.write(from) == 0) {
                    await(SelectionKey.OP_WRITE, "it to take the request");
                }
            }
            return bytes;
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** The next byte, -1 at the end. */
    int read() throws IOException {
        return fill() ? in.get() & 0xff : -1;
    }

    /** Some bytes, -1 at the end. */
    int read(byte[] buffer, int offset, int length) throws IOException {
        if (!fill()) {
            return -1;
        }
        int count = Math.min(length, in.remaining());
        in.get(buffer, offset, count);
        return count;
    }

    private boolean fill() throws IOException {
        while (!in.hasRemaining()) {
            in.clear();
            int read;
            try {
                read = through.read(in);
            } catch (SSLException e) {
                throw TlsIdentity.refusal(e);
            } finally {
                in.flip();
            }
            if (read < 0) {
                return false;
            }
        }
        return true;
    }

    /** A line without its end. */
    String line(int charactersMax) throws IOException {
        StringBuilder line = new StringBuilder();
        int next = read();
        while (next != '\n') {
            if (next < 0) {
                throw new EOFException("it closed the connection");
            }
            if (line.length() == charactersMax) {
                throw new IOException("it sent a line longer than " + charactersMax + " characters; is it a hostd?");
            }
            line.append((char) next);
            next = read();
        }
        int length = line.length();
        return length > 0 && line.charAt(length - 1) == '\r' ? line.substring(0, length - 1) : line.toString();
    }

    private void await(int operation, String what) throws IOException {
        key.interestOps(operation);
        selector.select(timeoutMillis);
        if (!channel.isOpen()) {
            throw new EOFException("the connection was closed");
        }
        if (!selector.selectedKeys().remove(key)) {
            throw new SocketTimeoutException("waited " + timeoutMillis + " ms for " + what);
        }
    }

    /** The rest of a body of known length, or until the connection closes. */
    InputStream body(long length) {
        return new InputStream() {
            private long left = length;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] buffer, int offset, int wanted) throws IOException {
                if (left == 0) {
                    return -1;
                }
                int read = Connection.this.read(buffer, offset, (int) Math.min(wanted, left));
                if (read < 0 && length != Long.MAX_VALUE) {
                    throw new EOFException("it closed the connection " + left + " bytes too early");
                }
                left -= Math.max(read, 0);
                return read;
            }
        };
    }

    @Override
    public void close() {
        try {
            selector.close();
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("could not close a socket", e);
        }
    }
}

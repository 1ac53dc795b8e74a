package dev.godwit.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * An unencrypted connection.
 *
 * @param socket blocking
 */
record PlainChannel(SocketChannel socket) implements PeerChannel {
    @Override
    public void secure() {}

    @Override
    public @Nullable String host() {
        return null;
    }

    @Override
    public boolean stillGood() {
        return true;
    }

    @Override
    public void widen() {}

    @Override
    public int read(ByteBuffer into) throws IOException {
        return socket.read(into);
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        return socket.write(from);
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}

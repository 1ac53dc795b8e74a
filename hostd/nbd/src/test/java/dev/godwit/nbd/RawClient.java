package dev.godwit.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** A client that says exactly what a test wants said. */
final class RawClient implements AutoCloseable {
    private final SocketChannel channel;
    int transmissionFlags;

    RawClient(Path socket) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    /** A client past its negotiation, structured replies and base:allocation agreed. */
    static RawClient connected(Path socket, String export) throws IOException {
        RawClient client = new RawClient(socket);
        client.hello();
        client.option(Wire.OPT_STRUCTURED_REPLY, new byte[0]);
        client.optionReply();
        byte[] name = export.getBytes(UTF_8);
        client.option(
                Wire.OPT_SET_META_CONTEXT,
                ByteBuffer.allocate(4 + name.length + 8 + Wire.BASE_ALLOCATION.length())
                        .putInt(name.length)
                        .put(name)
                        .putInt(1)
                        .putInt(Wire.BASE_ALLOCATION.length())
                        .put(Wire.BASE_ALLOCATION.getBytes(UTF_8))
                        .array());
        client.optionReply();
        client.optionReply();
        int answer = client.go(export);
        if (answer != Wire.REP_ACK) {
            throw new IOException("GO was answered 0x" + Integer.toHexString(answer));
        }
        return client;
    }

    void hello() throws IOException {
        receive(18);
        send(ByteBuffer.allocate(4).putInt(3).flip());
    }

    int go(String export) throws IOException {
        byte[] name = export.getBytes(UTF_8);
        option(
                Wire.OPT_GO,
                ByteBuffer.allocate(6 + name.length)
                        .putInt(name.length)
                        .put(name)
                        .array());
        while (true) {
            ByteBuffer reply = optionReply();
            int type = reply.getInt(12);
            if (type == Wire.REP_INFO && reply.getShort(20) == Wire.INFO_EXPORT) {
                transmissionFlags = Short.toUnsignedInt(reply.getShort(30));
            }
            if (type != Wire.REP_INFO) {
                return type;
            }
        }
    }

    void option(int option, byte[] data) throws IOException {
        send(ByteBuffer.allocate(16 + data.length)
                .putLong(Wire.IHAVEOPT)
                .putInt(option)
                .putInt(data.length)
                .put(data)
                .flip());
    }

    /** Header and data of one option reply. */
    ByteBuffer optionReply() throws IOException {
        ByteBuffer header = receive(20);
        ByteBuffer data = receive(header.getInt(16));
        return ByteBuffer.allocate(20 + data.remaining()).put(header).put(data).flip();
    }

    void request(int command, int flags, long cookie, long offset, int length, byte... payload) throws IOException {
        send(encode(command, flags, cookie, offset, length, payload));
    }

    static ByteBuffer encode(int command, int flags, long cookie, long offset, int length, byte... payload) {
        return ByteBuffer.allocate(28 + payload.length)
                .putInt(Wire.REQUEST_MAGIC)
                .putShort((short) flags)
                .putShort((short) command)
                .putLong(cookie)
                .putLong(offset)
                .putInt(length)
                .put(payload)
                .flip();
    }

    /** A structured reply. */
    record Reply(int type, long cookie, ByteBuffer payload) {
        int error() {
            return type == Wire.REPLY_ERROR ? payload.getInt(0) : 0;
        }
    }

    Reply reply() throws IOException {
        ByteBuffer header = receive(20);
        if (header.getInt(0) != Wire.STRUCTURED_REPLY_MAGIC) {
            throw new IOException("not a structured reply");
        }
        return new Reply(Short.toUnsignedInt(header.getShort(6)), header.getLong(8), receive(header.getInt(16)));
    }

    void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    ByteBuffer receive(int bytes) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(bytes);
        while (into.hasRemaining()) {
            if (channel.read(into) < 0) {
                throw new EOFException("the server closed the connection");
            }
        }
        return into.flip();
    }

    /** Says that nothing more comes, and reads until the server closes. */
    void drain() throws IOException {
        channel.shutdownOutput();
        ByteBuffer into = ByteBuffer.allocate(65536);
        while (channel.read(into) >= 0) {
            into.clear();
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}

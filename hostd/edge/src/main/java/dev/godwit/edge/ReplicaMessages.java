package dev.godwit.edge;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Writes the messages of one link, from the hello on. A message is a kind (u8), its number on this link from 0 (u32), and
 * what the kind says. Used by one thread.
 */
final class ReplicaMessages {
    static final int VERSION = 1;

    /** What a message says. */
    enum Kind {
        /** First: version u16, fence u64, edge id (u8 length, UTF-8). */
        HELLO,
        /** All connections follow. */
        BEGIN,
        /** Connections that exist. */
        FLOWS,
        /** Keys of connections that ended. */
        GONE,
        /** All connections were sent: how many, u32. */
        END,
        /** Nothing happened. */
        BEAT
    }

    static final int HEADER_BYTES = 5;

    private final ReplicaLink link;
    private final ByteBuffer message = ByteBuffer.allocate(ReplicaLink.MESSAGE_BYTES_MAX);
    private int sequence;
    private Kind open = Kind.BEAT;

    ReplicaMessages(ReplicaLink link) {
        this.link = link;
    }

    void hello(long fence, String edgeId) throws IOException {
        byte[] name = edgeId.getBytes(StandardCharsets.UTF_8);
        begin(Kind.HELLO);
        message.putShort((short) VERSION).putLong(fence).put((byte) name.length).put(name);
        send();
    }

    void begin() throws IOException {
        say(Kind.BEGIN);
    }

    void end(int flows) throws IOException {
        flush();
        begin(Kind.END);
        message.putInt(flows);
        send();
    }

    void beat() throws IOException {
        say(Kind.BEAT);
    }

    /** Collects; {@link #flush} sends. */
    void flow(Flow flow) throws IOException {
        room(Kind.FLOWS, flow.size());
        flow.write(message);
    }

    /** Collects; {@link #flush} sends. */
    void gone(FlowKey key) throws IOException {
        room(Kind.GONE, key.size());
        message.put(key.bytes());
    }

    void flush() throws IOException {
        if (message.position() > 0) {
            send();
        }
    }

    private void say(Kind kind) throws IOException {
        flush();
        begin(kind);
        send();
    }

    private void room(Kind kind, int bytes) throws IOException {
        if (message.position() > 0 && (open != kind || message.remaining() < bytes)) {
            send();
        }
        if (message.position() == 0) {
            begin(kind);
        }
    }

    private void begin(Kind kind) {
        open = kind;
        message.put((byte) kind.ordinal()).putInt(sequence++);
    }

    private void send() throws IOException {
        message.flip();
        try {
            link.send(message);
        } finally {
            message.clear();
        }
    }
}

package dev.godwit.edge;

import java.io.ByteArrayOutputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A query of one question, as far as a forwarder has to understand it. Immutable. Source: RFC 1035 §4.
 *
 * @param id chosen by who asks
 * @param labels of the name, in lower case
 * @param type of the records asked for: 1 A, 28 AAAA
 * @param end where the question ends in the message
 */
record DnsQuestion(int id, int flags, List<String> labels, int type, int end) {
    static final int HEADER_BYTES = 12;
    static final int TYPE_A = 1;
    static final int TYPE_AAAA = 28;
    static final int FORMAT_ERROR = 1;
    static final int SERVER_FAILURE = 2;
    static final int NO_SUCH_NAME = 3;

    private static final int QUERY_BIT = 0x8000;
    private static final int OPCODE_MASK = 0x7800;
    private static final int AUTHORITATIVE = 0x0400;
    private static final int RECURSION_DESIRED = 0x0100;
    private static final int RECURSION_AVAILABLE = 0x0080;
    private static final int NAME_BYTES_MAX = 255;
    private static final int LABEL_BYTES_MAX = 63;
    private static final int POINTER_TO_QUESTION = 0xc00c;
    private static final int CLASS_IN = 1;
    private static final int TTL_SECONDS = 5;

    DnsQuestion {
        labels = List.copyOf(labels);
    }

    /** Whether this is a query at all; anything else is not answered, or two servers would talk for ever. */
    static boolean isQuery(byte[] message) {
        return message.length >= HEADER_BYTES && (ByteBuffer.wrap(message).getShort(2) & QUERY_BIT) == 0;
    }

    /** Reads a query; empty if it is not a standard query with exactly one question. */
    static Optional<DnsQuestion> read(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message);
        if (!isQuery(message)) {
            return Optional.empty();
        }
        int flags = Short.toUnsignedInt(in.getShort(2));
        boolean one = in.getShort(4) == 1 && in.getShort(6) == 0 && in.getShort(8) == 0;
        if (!one || (flags & OPCODE_MASK) != 0) {
            return Optional.empty();
        }
        int id = Short.toUnsignedInt(in.getShort(0));
        return name(in.position(HEADER_BYTES))
                .filter(labels -> in.remaining() >= 4)
                .map(labels -> {
                    int type = Short.toUnsignedInt(in.getShort());
                    return new DnsQuestion(id, flags, labels, type, in.position() + 2);
                });
    }

    private static Optional<List<String>> name(ByteBuffer in) {
        List<String> labels = new ArrayList<>();
        int bytes = 1;
        while (in.hasRemaining()) {
            int length = Byte.toUnsignedInt(in.get());
            if (length == 0) {
                return Optional.of(labels);
            }
            bytes += length + 1;
            if (length > LABEL_BYTES_MAX || bytes > NAME_BYTES_MAX || in.remaining() < length) {
                return Optional.empty();
            }
            byte[] label = new byte[length];
            in.get(label);
            labels.add(new String(label, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT));
        }
        return Optional.empty();
    }

    /** An answer without records. */
    byte[] refusal(byte[] query, int code) {
        return answer(query, code, List.of());
    }

    /** An answer to a message that could not be read. */
    static byte[] formatError(byte[] query) {
        int flags = Short.toUnsignedInt(ByteBuffer.wrap(query).getShort(2));
        return ByteBuffer.allocate(HEADER_BYTES)
                .put(query, 0, 2)
                .putShort((short) (QUERY_BIT | flags & (OPCODE_MASK | RECURSION_DESIRED) | FORMAT_ERROR))
                .array();
    }

    /** An answer with the addresses of the type asked for. */
    byte[] addresses(byte[] query, List<InetAddress> addresses) {
        List<InetAddress> asked = addresses.stream()
                .filter(address -> type == TYPE_A && address instanceof Inet4Address
                        || type == TYPE_AAAA && !(address instanceof Inet4Address))
                .toList();
        return answer(query, 0, asked);
    }

    private byte[] answer(byte[] query, int code, List<InetAddress> records) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        header.putShort((short) id)
                .putShort((short) (QUERY_BIT | AUTHORITATIVE | flags & RECURSION_DESIRED | RECURSION_AVAILABLE | code))
                .putShort((short) 1)
                .putShort((short) records.size());
        out.writeBytes(header.array());
        out.write(query, HEADER_BYTES, end - HEADER_BYTES);
        for (InetAddress address : records) {
            byte[] data = address.getAddress();
            out.writeBytes(ByteBuffer.allocate(12)
                    .putShort((short) POINTER_TO_QUESTION)
                    .putShort((short) type)
                    .putShort((short) CLASS_IN)
                    .putInt(TTL_SECONDS)
                    .putShort((short) data.length)
                    .array());
            out.writeBytes(data);
        }
        return out.toByteArray();
    }

    /** Whether {@code answer} belongs to {@code query}: its id, and the same question, byte for byte. */
    boolean isAnsweredBy(byte[] query, byte[] answer, int length) {
        if (length < end || (answer[2] & 0x80) == 0 || answer[0] != query[0] || answer[1] != query[1]) {
            return false;
        }
        for (int i = HEADER_BYTES; i < end; i++) {
            if (answer[i] != query[i]) {
                return false;
            }
        }
        return answer[4] == 0 && answer[5] == 1;
    }
}

package dev.godwit.edge;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * One tracked connection, as it travels to the stand-by and as it is kept there: the bytes below, all in network order.
 * Immutable.
 *
 * <pre>
 * family u8 (4 or 6) · protocol u8
 * first packet: source, destination, ports           (4 + 4 + 4 bytes, or 16 + 16 + 4)
 * its answer:   source, destination, ports
 * status u32 · timeout u32 (seconds) · mark u32 · state u8 (255: not told) · a u32 · b u32
 * </pre>
 * The four bytes of the ports hold the keys of GRE, or id (2), type and code of ICMP. {@code a} and {@code b} are the
 * two window scales of TCP, the two tags of SCTP.
 */
final class Flow {
    static final int STATE_UNTOLD = 255;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int ICMP = 1;
    static final int GRE = 47;
    static final int ICMPV6 = 58;
    static final int SCTP = 132;
    static final int UDPLITE = 136;
    static final int DCCP = 33;

    /** Connection timeouts of the kernel are at most a few days; five weeks is more than anybody sets. */
    private static final int TIMEOUT_SECONDS_MAX = 3_024_000;

    private static final int HEAD_BYTES = 2;
    private static final int PORT_BYTES = 4;
    private static final int TAIL_BYTES = 21;
    static final int BYTES_MAX = HEAD_BYTES + 2 * (32 + PORT_BYTES) + TAIL_BYTES;

    private final byte[] bytes;

    private Flow(byte[] bytes) {
        this.bytes = bytes;
    }

    /** One direction of a connection. */
    record Direction(byte[] source, byte[] destination, int ports) {
        Direction {
            if (source.length != destination.length || (source.length != 4 && source.length != 16)) {
                throw new IllegalArgumentException("addresses of " + source.length + " and " + destination.length
                        + " bytes are not both 4 or both 16 long");
            }
        }
    }

    /** What the kernel keeps of a connection beside its addresses. */
    record Condition(int status, int timeoutSeconds, int mark, int state, int a, int b) {}

    static Flow of(int protocol, Direction first, Direction answer, Condition condition) {
        int addressBytes = first.source().length;
        if (answer.source().length != addressBytes) {
            throw new IllegalArgumentException("the two directions of a connection are of different families");
        }
        ByteBuffer out = ByteBuffer.allocate(HEAD_BYTES + 2 * (2 * addressBytes + PORT_BYTES) + TAIL_BYTES);
        out.put((byte) (addressBytes == 4 ? 4 : 6)).put((byte) protocol);
        for (Direction direction : new Direction[] {first, answer}) {
            out.put(direction.source()).put(direction.destination()).putInt(direction.ports());
        }
        out.putInt(condition.status()).putInt(condition.timeoutSeconds()).putInt(condition.mark());
        out.put((byte) condition.state()).putInt(condition.a()).putInt(condition.b());
        return new Flow(out.array());
    }

    /**
     * Reads the next one, sent by {@link #write}.
     *
     * @throws BadReplica it is none
     */
    static Flow read(ByteBuffer in) throws BadReplica {
        int addressBytes = addressBytes(in);
        byte[] bytes = take(in, HEAD_BYTES + 2 * (2 * addressBytes + PORT_BYTES) + TAIL_BYTES);
        Flow flow = new Flow(bytes);
        int timeout = flow.condition().timeoutSeconds();
        if (timeout < 0 || timeout > TIMEOUT_SECONDS_MAX) {
            throw new BadReplica("a connection with a timeout of " + Integer.toUnsignedString(timeout) + " s, most is "
                    + TIMEOUT_SECONDS_MAX);
        }
        return flow;
    }

    /** Reads the next key. */
    static FlowKey readKey(ByteBuffer in) throws BadReplica {
        return new FlowKey(take(in, HEAD_BYTES + 2 * addressBytes(in) + PORT_BYTES));
    }

    private static int addressBytes(ByteBuffer in) throws BadReplica {
        if (!in.hasRemaining()) {
            throw new BadReplica("a message ends where a connection should begin");
        }
        return switch (in.get(in.position())) {
            case 4 -> 4;
            case 6 -> 16;
            default ->
                throw new BadReplica("a connection of the family " + in.get(in.position()) + ", which is not 4 or 6");
        };
    }

    private static byte[] take(ByteBuffer in, int length) throws BadReplica {
        if (in.remaining() < length) {
            throw new BadReplica("a message ends within a connection: " + in.remaining() + " of " + length + " bytes");
        }
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }

    void write(ByteBuffer out) {
        out.put(bytes);
    }

    int size() {
        return bytes.length;
    }

    FlowKey key() {
        return new FlowKey(Arrays.copyOf(bytes, HEAD_BYTES + 2 * addressBytes() + PORT_BYTES));
    }

    boolean isV4() {
        return bytes[0] == 4;
    }

    int protocol() {
        return Byte.toUnsignedInt(bytes[1]);
    }

    Direction first() {
        return direction(HEAD_BYTES);
    }

    Direction answer() {
        return direction(HEAD_BYTES + 2 * addressBytes() + PORT_BYTES);
    }

    Condition condition() {
        ByteBuffer tail = ByteBuffer.wrap(bytes).position(bytes.length - TAIL_BYTES);
        return new Condition(
                tail.getInt(),
                tail.getInt(),
                tail.getInt(),
                Byte.toUnsignedInt(tail.get()),
                tail.getInt(),
                tail.getInt());
    }

    /** The same with what this one does not tell, but an earlier one did. */
    Flow over(Flow earlier) {
        Condition now = condition();
        if (now.state() != STATE_UNTOLD) {
            return this;
        }
        Condition before = earlier.condition();
        return of(
                protocol(),
                first(),
                answer(),
                new Condition(now.status(), now.timeoutSeconds(), now.mark(), before.state(), before.a(), before.b()));
    }

    private Direction direction(int offset) {
        int length = addressBytes();
        int ports = ByteBuffer.wrap(bytes).getInt(offset + 2 * length);
        return new Direction(
                Arrays.copyOfRange(bytes, offset, offset + length),
                Arrays.copyOfRange(bytes, offset + length, offset + 2 * length),
                ports);
    }

    private int addressBytes() {
        return isV4() ? 4 : 16;
    }

    /** Whether the four bytes of the ports are two ports (or keys). */
    static boolean hasPorts(int protocol) {
        return switch (protocol) {
            case TCP, UDP, UDPLITE, DCCP, SCTP, GRE -> true;
            default -> false;
        };
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Flow that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return "protocol " + protocol() + " " + text(first()) + ", answered " + text(answer()) + ", " + condition();
    }

    private static String text(Direction direction) {
        try {
            return InetAddress.getByAddress(direction.source()).getHostAddress() + "/" + (direction.ports() >>> 16)
                    + " to " + InetAddress.getByAddress(direction.destination()).getHostAddress() + "/"
                    + (direction.ports() & 0xffff);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes was refused", e);
        }
    }
}

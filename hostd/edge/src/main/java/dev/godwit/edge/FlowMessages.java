package dev.godwit.edge;

import dev.godwit.linux.Conntrack;
import dev.godwit.linux.NetlinkMessages;
import dev.godwit.linux.NetlinkReader;
import dev.godwit.linux.Nfnetlink;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Connections in the kernel's words. Source: net/netfilter/nf_conntrack_netlink.c of Linux 6.18.
 *
 * <p>A connection that is loaded is given without its NAT: its answer is the mirror of its first packet, and the address
 * and port to translate to come beside it. The kernel then sets the translation up as it would for a packet; the flags
 * that say "is translated" can't be written.
 */
final class FlowMessages {
    /** More than one message of {@link #create} for IPv6 takes. */
    static final int MESSAGE_BYTES_MAX = 512;

    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int STATUS_KEPT = Conntrack.SEEN_REPLY | Conntrack.ASSURED | Conntrack.CONFIRMED;
    /** Loaded after a gap: packets were on their way that nobody counted. */
    private static final int TCP_FLAGS =
            Conntrack.TCP_FLAG_BE_LIBERAL | Conntrack.TCP_FLAG_SACK_PERM | Conntrack.TCP_FLAG_WINDOW_SCALE;

    /** A connection that idles keeps at least this long after it was loaded. */
    private static final int TIMEOUT_SECONDS_LEAST = 30;

    private FlowMessages() {}

    /**
     * Reads the message that {@code reader} stands at.
     *
     * @return null if the connection is of another zone, or has no addresses
     */
    static @Nullable Flow read(NetlinkReader reader, int zone) throws IOException {
        Parts parts = new Parts();
        NetlinkReader.forEach(reader.attributes(Nfnetlink.GENERAL_BYTES), (type, value) -> {
            switch (type) {
                case Conntrack.TUPLE_ORIG -> parts.first.read(value);
                case Conntrack.TUPLE_REPLY -> parts.answer.read(value);
                case Conntrack.STATUS -> parts.status = value.getInt();
                case Conntrack.TIMEOUT -> parts.timeout = value.getInt();
                case Conntrack.MARK -> parts.mark = value.getInt();
                case Conntrack.ZONE -> parts.zone = Short.toUnsignedInt(value.getShort());
                case Conntrack.PROTOINFO -> parts.protocolState(value);
                default -> {
                    // Counters, identities and what else a stand-by does not need.
                }
            }
        });
        return parts.zone == zone ? parts.flow() : null;
    }

    private static final class Parts {
        final Tuple first = new Tuple();
        final Tuple answer = new Tuple();
        int status;
        int timeout;
        int mark;
        int zone;
        int state = Flow.STATE_UNTOLD;
        int a;
        int b;

        void protocolState(ByteBuffer info) throws IOException {
            NetlinkReader.forEach(
                    info,
                    (protocol, nested) -> NetlinkReader.forEach(nested, (type, value) -> {
                        if (protocol == Conntrack.PROTOINFO_TCP) {
                            switch (type) {
                                case Conntrack.TCP_STATE -> state = Byte.toUnsignedInt(value.get());
                                case Conntrack.TCP_WSCALE_ORIGINAL -> a = Byte.toUnsignedInt(value.get());
                                case Conntrack.TCP_WSCALE_REPLY -> b = Byte.toUnsignedInt(value.get());
                                default -> {
                                    // The flags are ours to choose when the connection is loaded.
                                }
                            }
                        } else if (protocol == Conntrack.PROTOINFO_SCTP) {
                            switch (type) {
                                case Conntrack.SCTP_STATE -> state = Byte.toUnsignedInt(value.get());
                                case Conntrack.SCTP_VTAG_ORIGINAL -> a = value.getInt();
                                case Conntrack.SCTP_VTAG_REPLY -> b = value.getInt();
                                default -> {
                                    // Nothing else is kept of it.
                                }
                            }
                        }
                    }));
        }

        @Nullable
        Flow flow() {
            Flow.Direction there = first.direction();
            Flow.Direction back = answer.direction();
            if (there == null || back == null || there.source().length != back.source().length) {
                return null;
            }
            return Flow.of(first.protocol, there, back, new Flow.Condition(status, timeout, mark, state, a, b));
        }
    }

    private static final class Tuple {
        byte @Nullable [] source;
        byte @Nullable [] destination;
        int protocol;
        int ports;

        void read(ByteBuffer tuple) throws IOException {
            NetlinkReader.forEach(
                    tuple,
                    (part, nested) -> NetlinkReader.forEach(nested, (type, value) -> {
                        if (part == Conntrack.TUPLE_IP) {
                            switch (type) {
                                case Conntrack.IP_V4_SRC, Conntrack.IP_V6_SRC -> source = bytes(value);
                                case Conntrack.IP_V4_DST, Conntrack.IP_V6_DST -> destination = bytes(value);
                                default -> {
                                    // No other addresses exist.
                                }
                            }
                        } else if (part == Conntrack.TUPLE_PROTO) {
                            switch (type) {
                                case Conntrack.PROTO_NUM -> protocol = Byte.toUnsignedInt(value.get());
                                case Conntrack.PROTO_SRC_PORT, Conntrack.PROTO_ICMP_ID, Conntrack.PROTO_ICMPV6_ID ->
                                    ports |= Short.toUnsignedInt(value.getShort()) << 16;
                                case Conntrack.PROTO_DST_PORT -> ports |= Short.toUnsignedInt(value.getShort());
                                case Conntrack.PROTO_ICMP_TYPE, Conntrack.PROTO_ICMPV6_TYPE ->
                                    ports |= Byte.toUnsignedInt(value.get()) << 8;
                                case Conntrack.PROTO_ICMP_CODE, Conntrack.PROTO_ICMPV6_CODE ->
                                    ports |= Byte.toUnsignedInt(value.get());
                                default -> {
                                    // Nothing else tells two connections apart.
                                }
                            }
                        }
                    }));
        }

        private static byte[] bytes(ByteBuffer value) {
            byte[] bytes = new byte[value.remaining()];
            value.get(bytes);
            return bytes;
        }

        Flow.@Nullable Direction direction() {
            byte[] from = source;
            byte[] to = destination;
            return from == null || to == null ? null : new Flow.Direction(from, to, ports);
        }
    }

    /** A message that makes the connection in the kernel; EEXIST is answered where one is in its way. */
    static void create(NetlinkMessages out, Flow flow, int zone, int sequence) {
        begin(out, Conntrack.NEW, NetlinkMessages.NLM_F_CREATE | NetlinkMessages.NLM_F_EXCL, flow, sequence);
        Flow.Direction first = flow.first();
        Flow.Direction answer = flow.answer();
        Flow.Condition condition = flow.condition();
        tuple(out, Conntrack.TUPLE_ORIG, flow, first);
        tuple(
                out,
                Conntrack.TUPLE_REPLY,
                flow,
                new Flow.Direction(first.destination(), first.source(), mirrored(flow, first, answer)));
        out.bigEndian16(Conntrack.ZONE, zone);
        out.bigEndian32(Conntrack.STATUS, condition.status() & STATUS_KEPT | Conntrack.CONFIRMED);
        out.bigEndian32(Conntrack.TIMEOUT, Math.max(condition.timeoutSeconds(), TIMEOUT_SECONDS_LEAST));
        if (condition.mark() != 0) {
            out.bigEndian32(Conntrack.MARK, condition.mark());
        }
        protocolState(out, flow.protocol(), condition);
        if ((condition.status() & Conntrack.SRC_NAT) != 0) {
            translation(out, Conntrack.NAT_SRC, flow, answer.destination(), portTo(flow, answer));
        }
        if ((condition.status() & Conntrack.DST_NAT) != 0) {
            translation(out, Conntrack.NAT_DST, flow, answer.source(), answer.ports() >>> 16);
        }
    }

    /** A message that removes the connection; ENOENT is answered where there is none. */
    static void delete(NetlinkMessages out, Flow flow, int zone, int sequence) {
        begin(out, Conntrack.DELETE, 0, flow, sequence);
        tuple(out, Conntrack.TUPLE_ORIG, flow, flow.first());
        out.bigEndian16(Conntrack.ZONE, zone);
    }

    private static void begin(NetlinkMessages out, int message, int flags, Flow flow, int sequence) {
        out.begin(
                Nfnetlink.type(Nfnetlink.SUBSYSTEM_CONNTRACK, message),
                NetlinkMessages.NLM_F_REQUEST | flags,
                sequence,
                flow.isV4() ? AF_INET : AF_INET6,
                0);
    }

    private static int mirrored(Flow flow, Flow.Direction first, Flow.Direction answer) {
        if (isIcmp(flow)) {
            return first.ports() & 0xffff0000 | answer.ports() & 0xffff;
        }
        return Integer.rotateLeft(first.ports(), 16);
    }

    private static int portTo(Flow flow, Flow.Direction answer) {
        return isIcmp(flow) ? answer.ports() >>> 16 : answer.ports() & 0xffff;
    }

    private static boolean isIcmp(Flow flow) {
        return flow.protocol() == Flow.ICMP || flow.protocol() == Flow.ICMPV6;
    }

    private static void tuple(NetlinkMessages out, int type, Flow flow, Flow.Direction direction) {
        boolean v4 = flow.isV4();
        int ports = direction.ports();
        out.nest(type);
        out.nest(Conntrack.TUPLE_IP)
                .attribute(v4 ? Conntrack.IP_V4_SRC : Conntrack.IP_V6_SRC, direction.source())
                .attribute(v4 ? Conntrack.IP_V4_DST : Conntrack.IP_V6_DST, direction.destination())
                .endNest();
        out.nest(Conntrack.TUPLE_PROTO).attribute(Conntrack.PROTO_NUM, (byte) flow.protocol());
        if (Flow.hasPorts(flow.protocol())) {
            out.bigEndian16(Conntrack.PROTO_SRC_PORT, ports >>> 16).bigEndian16(Conntrack.PROTO_DST_PORT, ports);
        } else if (flow.protocol() == Flow.ICMP) {
            out.bigEndian16(Conntrack.PROTO_ICMP_ID, ports >>> 16)
                    .attribute(Conntrack.PROTO_ICMP_TYPE, (byte) (ports >> 8))
                    .attribute(Conntrack.PROTO_ICMP_CODE, (byte) ports);
        } else if (flow.protocol() == Flow.ICMPV6) {
            out.bigEndian16(Conntrack.PROTO_ICMPV6_ID, ports >>> 16)
                    .attribute(Conntrack.PROTO_ICMPV6_TYPE, (byte) (ports >> 8))
                    .attribute(Conntrack.PROTO_ICMPV6_CODE, (byte) ports);
        }
        out.endNest().endNest();
    }

    private static void protocolState(NetlinkMessages out, int protocol, Flow.Condition condition) {
        if (condition.state() == Flow.STATE_UNTOLD) {
            return;
        }
        if (protocol == Flow.TCP) {
            out.nest(Conntrack.PROTOINFO)
                    .nest(Conntrack.PROTOINFO_TCP)
                    .attribute(Conntrack.TCP_STATE, (byte) condition.state())
                    .attribute(Conntrack.TCP_WSCALE_ORIGINAL, (byte) condition.a())
                    .attribute(Conntrack.TCP_WSCALE_REPLY, (byte) condition.b())
                    .attribute(Conntrack.TCP_FLAGS_ORIGINAL, (byte) TCP_FLAGS, (byte) TCP_FLAGS)
                    .attribute(Conntrack.TCP_FLAGS_REPLY, (byte) TCP_FLAGS, (byte) TCP_FLAGS)
                    .endNest()
                    .endNest();
        } else if (protocol == Flow.SCTP) {
            out.nest(Conntrack.PROTOINFO)
                    .nest(Conntrack.PROTOINFO_SCTP)
                    .attribute(Conntrack.SCTP_STATE, (byte) condition.state())
                    .bigEndian32(Conntrack.SCTP_VTAG_ORIGINAL, condition.a())
                    .bigEndian32(Conntrack.SCTP_VTAG_REPLY, condition.b())
                    .endNest()
                    .endNest();
        }
    }

    private static void translation(NetlinkMessages out, int type, Flow flow, byte[] address, int port) {
        boolean v4 = flow.isV4();
        out.nest(type)
                .attribute(v4 ? Conntrack.NAT_V4_MINIP : Conntrack.NAT_V6_MINIP, address)
                .attribute(v4 ? Conntrack.NAT_V4_MAXIP : Conntrack.NAT_V6_MAXIP, address);
        if (Flow.hasPorts(flow.protocol()) || isIcmp(flow)) {
            out.nest(Conntrack.NAT_PROTO)
                    .bigEndian16(Conntrack.PROTONAT_PORT_MIN, port)
                    .bigEndian16(Conntrack.PROTONAT_PORT_MAX, port)
                    .endNest();
        }
        out.endNest();
    }
}

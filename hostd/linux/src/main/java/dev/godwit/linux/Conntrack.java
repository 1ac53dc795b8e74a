package dev.godwit.linux;

/**
 * Numbers of the kernel's connection tracking over netlink. Source: linux/netfilter/nfnetlink_conntrack.h,
 * nf_conntrack_common.h, nf_conntrack_tcp.h.
 */
public final class Conntrack {
    public static final int NEW = 0;
    public static final int GET = 1;
    public static final int DELETE = 2;

    public static final int TUPLE_ORIG = 1;
    public static final int TUPLE_REPLY = 2;
    public static final int STATUS = 3;
    public static final int PROTOINFO = 4;
    public static final int NAT_SRC = 6;
    public static final int TIMEOUT = 7;
    public static final int MARK = 8;
    public static final int NAT_DST = 13;
    public static final int ZONE = 18;

    public static final int TUPLE_IP = 1;
    public static final int TUPLE_PROTO = 2;
    public static final int IP_V4_SRC = 1;
    public static final int IP_V4_DST = 2;
    public static final int IP_V6_SRC = 3;
    public static final int IP_V6_DST = 4;

    public static final int PROTO_NUM = 1;
    public static final int PROTO_SRC_PORT = 2;
    public static final int PROTO_DST_PORT = 3;
    public static final int PROTO_ICMP_ID = 4;
    public static final int PROTO_ICMP_TYPE = 5;
    public static final int PROTO_ICMP_CODE = 6;
    public static final int PROTO_ICMPV6_ID = 7;
    public static final int PROTO_ICMPV6_TYPE = 8;
    public static final int PROTO_ICMPV6_CODE = 9;

    public static final int PROTOINFO_TCP = 1;
    public static final int PROTOINFO_SCTP = 3;
    public static final int TCP_STATE = 1;
    public static final int TCP_WSCALE_ORIGINAL = 2;
    public static final int TCP_WSCALE_REPLY = 3;
    public static final int TCP_FLAGS_ORIGINAL = 4;
    public static final int TCP_FLAGS_REPLY = 5;
    public static final int SCTP_STATE = 1;
    public static final int SCTP_VTAG_ORIGINAL = 2;
    public static final int SCTP_VTAG_REPLY = 3;
    public static final int TCP_FLAG_WINDOW_SCALE = 0x01;
    public static final int TCP_FLAG_SACK_PERM = 0x02;
    /** Sequence numbers out of the window are taken all the same. */
    public static final int TCP_FLAG_BE_LIBERAL = 0x08;

    public static final int NAT_V4_MINIP = 1;
    public static final int NAT_V4_MAXIP = 2;
    public static final int NAT_PROTO = 3;
    public static final int NAT_V6_MINIP = 4;
    public static final int NAT_V6_MAXIP = 5;
    public static final int PROTONAT_PORT_MIN = 1;
    public static final int PROTONAT_PORT_MAX = 2;

    public static final int SEEN_REPLY = 1 << 1;
    public static final int ASSURED = 1 << 2;
    public static final int CONFIRMED = 1 << 3;
    public static final int SRC_NAT = 1 << 4;
    public static final int DST_NAT = 1 << 5;

    private Conntrack() {}
}

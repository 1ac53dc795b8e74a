package dev.godwit.linux;

/** Numbers of nfnetlink. Source: linux/netfilter/nfnetlink.h. */
public final class Nfnetlink {
    /** Bytes of {@code nfgenmsg}: family u8, version u8, resource be16. */
    public static final int GENERAL_BYTES = 4;

    public static final int GROUP_CONNTRACK_NEW = 1;
    public static final int GROUP_CONNTRACK_UPDATE = 2;
    public static final int GROUP_CONNTRACK_DESTROY = 3;
    public static final int SUBSYSTEM_CONNTRACK = 1;
    public static final int SUBSYSTEM_NFTABLES = 10;
    public static final int BATCH_BEGIN = 0x10;
    public static final int BATCH_END = 0x11;

    private Nfnetlink() {}

    /** The message type of a subsystem's message. */
    public static int type(int subsystem, int message) {
        return subsystem << 8 | message;
    }
}

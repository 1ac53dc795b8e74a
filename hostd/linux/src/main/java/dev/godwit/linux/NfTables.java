package dev.godwit.linux;

/** Numbers of nftables, as far as a set's elements need them. Source: linux/netfilter/nf_tables.h, netfilter.h. */
public final class NfTables {
    public static final int FAMILY_INET = 1;
    public static final int FAMILY_NETDEV = 5;
    public static final int NEW_SET_ELEMENT = 12;
    public static final int DELETE_SET_ELEMENT = 14;
    public static final int ELEMENTS_TABLE = 1;
    public static final int ELEMENTS_SET = 2;
    public static final int ELEMENTS_LIST = 3;
    public static final int LIST_ELEMENT = 1;
    public static final int ELEMENT_KEY = 1;
    public static final int ELEMENT_TIMEOUT = 4;
    public static final int DATA_VALUE = 1;
    /** Bytes of a key of type {@code ifname}. */
    public static final int INTERFACE_NAME_BYTES = 16;

    private NfTables() {}
}

package dev.godwit.net;

import java.net.InetAddress;

/**
 * What every VM believes to be its router, the same on every host, so that a guest's neighbour entry stays true after a
 * move. The programs answer for it.
 */
public final class Gateway {
    public static final MacAddress MAC = MacAddress.parse("02:fe:00:00:00:01");
    /** 169.254.1.1, on-link. */
    public static final InetAddress V4 = Addresses.literal("169.254.1.1");
    /** fe80::1. */
    public static final InetAddress V6 = Addresses.literal("fe80::1");

    private Gateway() {}
}

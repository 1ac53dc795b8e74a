package dev.godwit.net;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * What a VM's port at a host is made from. Everything but {@code tapName} and {@code ownerUid} is the VM's for life.
 *
 * @param vmId for messages
 * @param vni the VM's network
 * @param mac the guest's Ethernet address
 * @param addresses the guest's addresses, IPv4 and IPv6, 1 to {@value Port#ADDRESSES_MAX}
 * @param tapName 1 to 15 bytes, letters, digits, dot, dash and underscore
 * @param ownerUid the user that the VMM opens the tap as
 * @param mtu bytes of IP; the same in the guest
 * @param queueFrames how many frames wait in the tap, 1 to 100,000; while the VM is held this is what can be held
 * @param rateLimit of what is sent to the VM
 * @param sendLimit of what the VM sends
 */
public record VmPortSpec(
        String vmId,
        int vni,
        MacAddress mac,
        List<InetAddress> addresses,
        String tapName,
        int ownerUid,
        int mtu,
        int queueFrames,
        Policy policy,
        Optional<RateLimit> rateLimit,
        Optional<RateLimit> sendLimit) {
    /** What every underlay carries: 1500, less WireGuard's 80 and VXLAN's 50. */
    public static final int MTU = 1370;
    /** A second of 10,000 packets/s; measured to hold with frames of any size. */
    public static final int QUEUE_FRAMES = 10_000;

    private static final int QUEUE_FRAMES_MAX = 100_000;
    private static final int TAP_NAME_BYTES_MAX = 15;

    public VmPortSpec {
        addresses = List.copyOf(addresses);
        VmAddress.requireVni(vni);
        if (!tapName.matches("[A-Za-z0-9._-]+") || tapName.equals(".") || tapName.equals("..")) {
            throw new IllegalArgumentException("tap name '" + tapName + "' has a letter that a device can't have");
        }
        if (tapName.getBytes(StandardCharsets.US_ASCII).length > TAP_NAME_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "tap name " + tapName + " has more than " + TAP_NAME_BYTES_MAX + " bytes");
        }
        if (ownerUid < 0) {
            throw new IllegalArgumentException("user id " + ownerUid + " is negative");
        }
        if (queueFrames < 1 || queueFrames > QUEUE_FRAMES_MAX) {
            throw new IllegalArgumentException(
                    "a tap's queue of " + queueFrames + " frames is not between 1 and " + QUEUE_FRAMES_MAX);
        }
    }

    /** The port that the programs are told of; it checks what is not checked here. */
    Port port(int tapIndex) {
        return new Port(vni, mac, addresses, tapIndex, tapIndex, mtu, PortState.HOLD, Optional.empty());
    }
}

package dev.godwit.net;

import dev.godwit.linux.Link;
import dev.godwit.linux.Links;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Holds a VM to a rate for what it sends: a device of its own above the VXLAN device, in whose token bucket its packets
 * wait. A packet that waits is charged to the VMM's end of the tap, which takes no more when so many bytes wait
 * ({@link RateLimit#sendBufferBytes}); so the guest waits, and nothing is dropped. Other VMs' packets don't pass here.
 *
 * <p>Made with the first limit, it stays as long as the tap: to take a queue away loses what is in it. Its device's name
 * comes from the tap's number, so that it is found again by the next hostd. Works in the network namespace of the calling
 * thread. Not thread-safe.
 */
final class SendPace {
    private static final String NAME = "gwo";
    private static final String PROBE = NAME + "probe";
    /** What no send buffer of ours lets come together; the bound for a VMM that does not heed it. */
    private static final long WAITING_BYTES_MAX = 64 << 20;

    private final int tapIndex;
    private final DataPlaneMaps maps;
    private final Links links;
    /** What the device has, where there is one that this object knows. */
    private Optional<RateLimit> set = Optional.empty();

    SendPace(int tapIndex, DataPlaneMaps maps, Links links) {
        this.tapIndex = tapIndex;
        this.maps = maps;
        this.links = links;
    }

    /** The device's name. */
    static String device(int tapIndex) {
        return NAME + tapIndex;
    }

    /** Whether there is one, of this hostd or an earlier one. */
    boolean stands() throws IOException {
        return maps.paces().of(tapIndex).isPresent();
    }

    /**
     * Sends no faster from here on. What waits stays in its order.
     *
     * @throws IOException the kernel lacks macvlan or tbf; the VM goes on as before
     */
    void limit(RateLimit rate) throws IOException {
        if (set.equals(Optional.of(rate))) {
            return;
        }
        boolean stood = stands();
        int device = stood ? link(device(tapIndex)).index() : make(device(tapIndex));
        CommandLine.run(
                "tc",
                "qdisc",
                "replace",
                "dev",
                device(tapIndex),
                "root",
                "handle",
                "1:",
                "tbf",
                "rate",
                rate.bitsPerSecond() + "bit",
                "burst",
                rate.sendBurstBytes() + "b",
                "limit",
                Long.toString(WAITING_BYTES_MAX));
        if (stood) {
            lookAtClock(device);
        } else {
            up(device(tapIndex));
            maps.attach(Hook.VX_OUT, link(HostNetwork.DEVICE).index());
            maps.paces().put(tapIndex, device);
        }
        set = Optional.of(rate);
    }

    private int make(String name) throws IOException {
        // One that was half made by an earlier try.
        delete(name, links);
        CommandLine.run("ip", "link", "add", name, "link", HostNetwork.DEVICE, "type", "macvlan", "mode", "private");
        return link(name).index();
    }

    /** It has nothing to say of its own. */
    private static void up(String name) throws IOException {
        Path ipv6 = Path.of("/proc/sys/net/ipv6/conf", name, "disable_ipv6");
        if (Files.exists(ipv6)) {
            Files.writeString(ipv6, "1");
        }
        CommandLine.run("ip", "link", "set", "dev", name, "arp", "off", "up");
    }

    /** The kernel counts a wait by the rate that was set when it began; the next frame makes it count again. */
    private static void lookAtClock(int device) throws IOException {
        try (FrameInjector injector = FrameInjector.into(device)) {
            injector.inject(TapQueue.dummy());
        }
    }

    /** Lets go what waits; does nothing where there is no device. */
    void lift() throws IOException {
        if (stands()) {
            limit(RateLimit.lifted());
        }
    }

    private Link link(String name) throws IOException {
        return links.find(name).orElseThrow(() -> new IOException("the device " + name + " is gone"));
    }

    /** Takes the device of a tap away. Absent is no error. */
    static void remove(int tapIndex, DataPlaneMaps maps, Links links) throws IOException {
        maps.paces().remove(tapIndex);
        delete(device(tapIndex), links);
    }

    private static void delete(String name, Links links) throws IOException {
        if (links.find(name).isPresent()) {
            CommandLine.run("ip", "link", "delete", "dev", name);
        }
    }

    /** Tries whether this host's kernel has what is needed. Empty: it has; else what it says. */
    static Optional<String> missing(Links links) throws IOException {
        delete(PROBE, links);
        try {
            CommandLine.run(
                    "ip", "link", "add", PROBE, "link", HostNetwork.DEVICE, "type", "macvlan", "mode", "private");
            CommandLine.run(
                    "tc", "qdisc", "add", "dev", PROBE, "root", "tbf", "rate", "1mbit", "burst", "64kb", "limit",
                    "1mb");
            return Optional.empty();
        } catch (IOException refused) {
            return Optional.of(String.valueOf(refused.getMessage()));
        } finally {
            delete(PROBE, links);
        }
    }
}

package dev.godwit.net;

import java.io.IOException;
import java.util.Optional;

/** Makes, limits and removes a VM's tap, in the network namespace of the calling thread. */
final class TapDevice {
    private TapDevice() {}

    /** Makes the device and sets it up; a VMM of user {@code ownerUid} may open it. */
    static void create(VmPortSpec spec) throws IOException {
        String name = spec.tapName();
        CommandLine.run(
                "ip",
                "tuntap",
                "add",
                "dev",
                name,
                "mode",
                "tap",
                "vnet_hdr",
                "user",
                Integer.toString(spec.ownerUid()));
        // No address of its own: the host must not speak to the VM.
        CommandLine.run(
                "ip",
                "link",
                "set",
                "dev",
                name,
                "addrgenmode",
                "none",
                "mtu",
                Integer.toString(spec.mtu()),
                "txqueuelen",
                Integer.toString(spec.queueFrames()),
                "up");
        limit(name, spec.rateLimit());
    }

    /** Limits what is sent to the VM; no limit: as the kernel makes the device. What waits goes on waiting. */
    static void limit(String name, Optional<RateLimit> limit) throws IOException {
        if (limit.isEmpty()) {
            return;
        }
        CommandLine.run(
                "tc",
                "qdisc",
                "replace",
                "dev",
                name,
                "root",
                "handle",
                "1:",
                "tbf",
                "rate",
                limit.get().bitsPerSecond() + "bit",
                "burst",
                limit.get().burstBytes() + "b",
                "limit",
                Long.toString(limit.get().waitingBytesMax()));
    }

    static void delete(String name) throws IOException {
        CommandLine.run("ip", "link", "delete", "dev", name);
    }
}

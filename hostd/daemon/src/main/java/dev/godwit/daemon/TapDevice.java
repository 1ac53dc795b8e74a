package dev.godwit.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A VM's tap device on the bridge of the VM segment. The VMM's launcher opens it as root; its header size is the one
 * that virtio-net negotiates.
 *
 * @param interfaceName at most 15 bytes
 */
record TapDevice(String interfaceName) {
    static TapDevice of(String vmId) {
        return new TapDevice("gw" + vmId.substring(vmId.indexOf('-') + 1));
    }

    /** Makes the device, or takes the one an earlier hostd left. */
    void create(String bridge) throws IOException {
        if (!Files.exists(Path.of("/sys/class/net", interfaceName))) {
            CommandLine.run("ip", "tuntap", "add", "dev", interfaceName, "mode", "tap", "vnet_hdr");
        }
        CommandLine.run("ip", "link", "set", "dev", interfaceName, "master", bridge, "up");
    }

    void delete() throws IOException {
        if (Files.exists(Path.of("/sys/class/net", interfaceName))) {
            CommandLine.run("ip", "link", "delete", "dev", interfaceName);
        }
    }
}

package dev.godwit.net;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The host's own way out for destinations that a policy calls local: under the host's address, by its routes. Cheap, and
 * a connection ends when its VM moves. Answers come back through the VXLAN device's programs, so that the policy of the
 * VM holds for them too. Works in the network namespace of the calling thread.
 */
final class LocalEgress {
    static final String TABLE = "inet godwit_egress";

    private static final Path FORWARD_V4 = Path.of("/proc/sys/net/ipv4/ip_forward");
    private static final Path LOOSE = Path.of("/proc/sys/net/ipv4/conf");

    private LocalEgress() {}

    /**
     * Lets marked packets out and answers to them in. IPv6 goes out only where the host forwards it already: to switch
     * it on would end the host's own autoconfiguration.
     *
     * @param vms where addresses of VMs come from
     */
    static void open(List<Prefix> vms) throws IOException {
        String mark = "meta mark " + Settings.STACK_MARK;
        CommandLine.runWithInput("""
                table %1$s
                delete table %1$s
                table %1$s {
                  chain out { type nat hook postrouting priority srcnat; policy accept;
                    %2$s masquerade
                  }
                  chain through { type filter hook forward priority filter; policy accept;
                    oifname "%3$s" ct state established,related accept
                    oifname "%3$s" counter drop
                  }
                }
                """.formatted(TABLE, mark, HostNetwork.DEVICE), "nft", "-f", "-");
        Files.writeString(FORWARD_V4, "1");
        // Answers come by another device than the VM's packets went: strictly, the way back would be another.
        Files.writeString(LOOSE.resolve(HostNetwork.DEVICE).resolve("rp_filter"), "2");
        for (Prefix prefix : vms) {
            CommandLine.run("ip", "route", "replace", prefix.toString(), "dev", HostNetwork.DEVICE);
        }
    }

    /** Takes the rules away; routes go with the device. Absent is no error. */
    static void close() throws IOException {
        CommandLine.runWithInput("table " + TABLE + "\ndelete table " + TABLE + "\n", "nft", "-f", "-");
    }
}

package dev.godwit.net;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The host's own way out for destinations that a policy calls local: under the host's address, by its routes. Cheap, and
 * a connection ends when its VM moves. Answers come back through the VXLAN device's programs, so that the policy of the
 * VM holds for them too. The way leads out only: to no address of the host itself, and where the host forwarded nothing
 * before, it forwards nothing else now. Works in the network namespace of the calling thread.
 */
final class LocalEgress {
    static final String TABLE = "inet godwit_egress";

    private static final Path FORWARD_V4 = Path.of("/proc/sys/net/ipv4/ip_forward");
    private static final Path CONF = Path.of("/proc/sys/net/ipv4/conf");
    private static final String CLOSED = "chain godwit_others";

    private LocalEgress() {}

    /**
     * Lets marked packets out and answers to them in. IPv6 goes out only where the host forwards it already: to switch
     * it on would end the host's own autoconfiguration.
     *
     * @param vms where addresses of VMs come from
     * @throws IOException among others: the host filters by the way back on all devices, which no tap is exempt from
     */
    static void open(List<Prefix> vms) throws IOException {
        requireNoReversePathFilter();
        String mark = "meta mark " + Settings.STACK_MARK;
        String others =
                forwardedNothing() ? CLOSED + """
                 { type filter hook forward priority filter; policy accept;
                    meta nfproto ipv4 oifname != "%1$s" %2$s counter drop
                  }
                """.formatted(HostNetwork.DEVICE, mark.replace("mark ", "mark != ")) : "";
        CommandLine.runWithInput("""
                table %1$s
                delete table %1$s
                table %1$s {
                  chain out { type nat hook postrouting priority srcnat; policy accept;
                    %2$s masquerade
                  }
                  chain to_host { type filter hook input priority filter; policy accept;
                    %2$s counter drop
                  }
                  chain through { type filter hook forward priority filter; policy accept;
                    %2$s ct status dnat counter drop
                    oifname "%3$s" ct state established,related accept
                    oifname "%3$s" counter drop
                  }
                  %4$s
                }
                """.formatted(TABLE, mark, HostNetwork.DEVICE, others), "nft", "-f", "-");
        Files.writeString(FORWARD_V4, "1");
        for (Prefix prefix : vms) {
            CommandLine.run("ip", "route", "replace", prefix.toString(), "dev", HostNetwork.DEVICE);
        }
    }

    /**
     * Takes packets of VMs from a tap although the way to them is by the VXLAN device. The programs hold each VM to its
     * address; the kernel's own filter, even a loose one, drops all that comes from a device without an address.
     */
    static void takeFrom(String tapName) throws IOException {
        Files.writeString(CONF.resolve(tapName).resolve("rp_filter"), "0");
    }

    private static void requireNoReversePathFilter() throws IOException {
        String filter = Files.readString(CONF.resolve("all/rp_filter")).strip();
        if (!filter.equals("0")) {
            throw new IOException(
                    "net.ipv4.conf.all.rp_filter is " + filter + ", which drops what VMs send by their host;"
                            + " set it to 0 here, and net.ipv4.conf.DEVICE.rp_filter for each device that needs it");
        }
    }

    /** Whether it is for the VMs alone that the host forwards: it did not before, or an earlier hostd found it so. */
    private static boolean forwardedNothing() throws IOException {
        return Files.readString(FORWARD_V4).strip().equals("0")
                || CommandLine.run("nft", "list", "chains", "inet").contains(CLOSED);
    }

    /** Takes the rules away; routes go with the device. Absent is no error. */
    static void close() throws IOException {
        CommandLine.runWithInput("table " + TABLE + "\ndelete table " + TABLE + "\n", "nft", "-f", "-");
    }
}

package dev.godwit.daemon;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code vm-network}: the segment that VMs are on.
 *
 * @param bridge a bridge that exists
 * @param subnet IPv4, for example {@code 10.77.0.0/24}
 * @param gateway an address in the subnet
 */
public record VmNetworkConfig(String bridge, String subnet, String gateway) {
    private static final Pattern INTERFACE = Pattern.compile("[A-Za-z0-9._-]{1,15}");
    private static final Pattern ADDRESS = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");

    public VmNetworkConfig {
        if (bridge == null || !INTERFACE.matcher(bridge).matches()) {
            throw new IllegalArgumentException("vm-network bridge \"" + bridge + "\" is not the name of an interface");
        }
        int slash = subnet == null ? -1 : subnet.indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("vm-network subnet \"" + subnet + "\" is not such as 10.77.0.0/24");
        }
        int bits = prefix(subnet, subnet.substring(slash + 1));
        long network = address("subnet", subnet.substring(0, slash));
        long mask = 0xffff_ffffL << (32 - bits) & 0xffff_ffffL;
        if ((network & ~mask) != 0) {
            throw new IllegalArgumentException("vm-network subnet \"" + subnet + "\" has bits set after its prefix");
        }
        if (gateway == null || (address("gateway", gateway) & mask) != network) {
            throw new IllegalArgumentException("vm-network gateway \"" + gateway + "\" is not in subnet " + subnet);
        }
    }

    /** Fewer than 8 bits is not a network of ours, more than 29 leaves no address for a VM. */
    private static int prefix(String subnet, String text) {
        try {
            int bits = Integer.parseInt(text);
            if (bits >= 8 && bits <= 29) {
                return bits;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("vm-network subnet \"" + subnet + "\" has no number after the /", e);
        }
        throw new IllegalArgumentException("vm-network subnet \"" + subnet + "\" has a prefix outside 8 to 29");
    }

    private static long address(String what, String text) {
        Matcher parts = ADDRESS.matcher(text);
        long value = 0;
        boolean good = parts.matches();
        for (int i = 1; good && i <= 4; i++) {
            int part = Integer.parseInt(parts.group(i));
            good = part <= 255;
            value = value << 8 | part;
        }
        if (!good) {
            throw new IllegalArgumentException("vm-network " + what + " \"" + text + "\" is not an IPv4 address");
        }
        return value;
    }
}

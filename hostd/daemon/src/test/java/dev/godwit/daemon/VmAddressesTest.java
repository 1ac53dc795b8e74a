package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.net.Addresses;
import dev.godwit.net.Prefix;
import org.junit.jupiter.api.Test;

class VmAddressesTest {
    @Test
    void aVmsIpv6AddressEndsAsItsIpv4AddressDoes() {
        VmAddresses both = new VmAddresses(Prefix.parse("10.77.0.0/16"), Prefix.parse("fd77:1::/64"));
        assertThat(both.of("10.77.3.200"))
                .containsExactly(Addresses.literal("10.77.3.200"), Addresses.literal("fd77:1::3c8"));
        VmAddresses wide = new VmAddresses(Prefix.parse("10.0.0.0/8"), Prefix.parse("fd77:1::/104"));
        assertThat(wide.of("10.255.3.2")).contains(Addresses.literal("fd77:1::ff:302"));
    }

    @Test
    void aNetworkWithoutIpv6AndAVmWithoutAnAddressHaveNone() {
        VmAddresses v4 = new VmAddresses(Prefix.parse("10.77.0.0/16"), null);
        assertThat(v4.of("10.77.0.2")).containsExactly(Addresses.literal("10.77.0.2"));
        assertThat(v4.of("")).isEmpty();
    }
}

package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.net.Prefix;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class HostAddressesTest {
    private static InetAddress[] resolve(String name) throws UnknownHostException {
        if (name.equals("etcd.example")) {
            return new InetAddress[] {InetAddress.ofLiteral("192.0.2.5"), InetAddress.ofLiteral("2001:db8::5")};
        }
        throw new UnknownHostException(name);
    }

    @Test
    void aNameIsClosedByAllItsAddresses() {
        assertThat(HostAddresses.of("the fleet store", "etcd.example", HostAddressesTest::resolve))
                .containsExactly(Prefix.parse("192.0.2.5"), Prefix.parse("2001:db8::5"));
        assertThat(HostAddresses.of("the fleet store", "gone.example", HostAddressesTest::resolve))
                .isEmpty();
    }

    @Test
    void anAddressNeedsNoResolver() {
        assertThat(HostAddresses.of("the fleet store", "[2001:db8::7]", InetAddress::getAllByName))
                .containsExactly(Prefix.parse("2001:db8::7"));
        assertThat(HostAddresses.of("the fleet store", "192.0.2.7", InetAddress::getAllByName))
                .containsExactly(Prefix.parse("192.0.2.7"));
    }

    @Test
    void noAddressOfTheMachineIsOneThatOnlyItselfCanReach() {
        assertThat(HostAddresses.own())
                .noneMatch(prefix ->
                        prefix.address().isLoopbackAddress() || prefix.address().isLinkLocalAddress());
    }
}

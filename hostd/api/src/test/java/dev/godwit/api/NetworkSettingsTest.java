package dev.godwit.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NetworkSettingsTest {
    @Test
    void whatIsNoRangeOfAddressesIsRefusedWithTheBadValue() {
        for (String bad : List.of(
                "",
                "a",
                "localhost",
                "10.0.0",
                "10.0.0.256",
                "10.0.0.0/33",
                "10.0.0.0/",
                "10.0.0.0/-1",
                "10.0.0.0/8/8",
                "10.0.0.1/8",
                "::1/129",
                "2001:db8::1/32",
                "fe80::1%eth0",
                "::ffff:10.0.0.1",
                ":::",
                "0x0a000001",
                " 10.0.0.0/8")) {
            assertThatIllegalArgumentException()
                    .as(bad)
                    .isThrownBy(() -> new TrafficRule(bad, null, null))
                    .withMessageContaining(bad.isEmpty() ? "\"\"" : bad);
        }
        for (String good : List.of("10.0.0.0/8", "0.0.0.0/0", "10.0.0.1", "::/0", "2001:db8::/32", "::1", "::1/128")) {
            assertThat(new TrafficRule(good, null, null).prefix()).isEqualTo(good);
        }
    }

    @Test
    void portsGoWithAProtocolThatHasThem() {
        assertThat(new TrafficRule("::/0", "tcp", List.of("443", "8000-8100")).portRanges())
                .containsExactly(new TrafficRule.Ports(443, 443), new TrafficRule.Ports(8000, 8100));
        for (String bad : List.of("", "a", "-1", "65536", "5-4", "1-", "1-2-3", "99999999999")) {
            assertThatIllegalArgumentException()
                    .as(bad)
                    .isThrownBy(() -> new TrafficRule("::/0", "udp", List.of(bad)))
                    .withMessageContaining("\"" + bad + "\"");
        }
        for (String without : List.of("icmp", "1", "gre")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new TrafficRule("::/0", without, List.of("1")))
                    .withMessageContaining(without);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new TrafficRule("::/0", null, List.of("1")));
        assertThatIllegalArgumentException().isThrownBy(() -> new TrafficRule("::/0", "tcp", List.of()));
        for (String bad : List.of("TCP", "256", "-1", "tcp ", "")) {
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> new TrafficRule("::/0", bad, null));
        }
        assertThat(new TrafficRule("::/0", "132", List.of("1")).protocolNumber())
                .hasValue(132);
    }

    @Test
    void moreRulesThanAHostHoldsAreRefused() {
        List<TrafficRule> many = IntStream.range(0, NetworkSettings.RULES_MAX + 1)
                .mapToObj(i -> new TrafficRule("10.0." + i + ".0/24", null, null))
                .toList();
        assertThat(new NetworkSettings(many.subList(1, many.size()), null, null, null, null).allow())
                .hasSize(NetworkSettings.RULES_MAX);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new NetworkSettings(many, null, null, null, null))
                .withMessageContaining("161");
        TrafficRule ports = new TrafficRule("10.1.0.0/16", "tcp", Collections.nCopies(20, "1"));
        List<TrafficRule> overOne = List.of(ports, new TrafficRule("10.0.0.0/8", "tcp", Collections.nCopies(5, "2")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new NetworkSettings(null, overOne, null, null, null))
                .withMessageContaining("cover 10.1.0.0/16")
                .withMessageContaining("25");
    }

    @Test
    void aSubnetIsIpv4WithRoomForVms() {
        assertThat(new NetworkSettings(null, null, null, null, "10.80.0.0/24").subnet())
                .isEqualTo("10.80.0.0/24");
        for (String bad : List.of("10.80.0.0", "10.80.0.0/30", "0.0.0.0/0", "fd00::/24", "10.80.0.1/24")) {
            assertThatIllegalArgumentException()
                    .as(bad)
                    .isThrownBy(() -> new NetworkSettings(null, null, null, null, bad));
        }
    }

    @Test
    void aRateIsInRange() {
        assertThat(new TrafficRate(100_000L, null).inBitsPerSecond()).isNull();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TrafficRate(null, 99_999L))
                .withMessageContaining("inBitsPerSecond 99999");
    }
}

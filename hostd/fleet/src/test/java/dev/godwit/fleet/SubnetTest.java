package dev.godwit.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Set;
import org.junit.jupiter.api.Test;

class SubnetTest {
    @Test
    void theLowestAddressIsBehindTheGatewayAndTheHighestBeforeTheBroadcast() {
        Subnet subnet = Subnet.parse("10.77.0.0/29");
        assertThat(subnet.lowestFree(Set.of())).contains("10.77.0.2");
        assertThat(subnet.lowestFree(Set.of("10.77.0.2", "10.77.0.3", "10.77.0.5")))
                .contains("10.77.0.4");
        assertThat(subnet.lowestFree(Set.of("10.77.0.2", "10.77.0.3", "10.77.0.4", "10.77.0.5")))
                .contains("10.77.0.6");
        assertThat(subnet.lowestFree(Set.of("10.77.0.2", "10.77.0.3", "10.77.0.4", "10.77.0.5", "10.77.0.6")))
                .isEmpty();
    }

    @Test
    void whatIsNoSubnetIsRefusedWithTheBadValue() {
        for (String bad : new String[] {
            "10.77.0.0",
            "10.77.0.0/30",
            "10.77.0.0/7",
            "10.77.0.1/24",
            "10.77.0.256/24",
            "10.77.0/24",
            "a/24",
            "10.77.0.0/x"
        }) {
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> Subnet.parse(bad));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Subnet.parse("10.77.0.256/24"))
                .withMessageContaining("256");
    }

    @Test
    void idsAndNamesThatCouldNotBeKeysOrFileNamesAreRefused() {
        for (String bad : new String[] {"", "../etc", "a/b", "a b", "-x", "x".repeat(129), "ü"}) {
            assertThatIllegalArgumentException()
                    .as(bad)
                    .isThrownBy(() -> new NewOwnership("vm1", bad, "host-a", "", ""))
                    .withMessageContaining(bad);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new NewOwnership("vm1", "web", "host-a", "", "x".repeat(70_000)))
                .withMessageContaining("70000");
    }
}

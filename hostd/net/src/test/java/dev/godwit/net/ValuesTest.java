package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** The values refuse what can't be, with the bad value and the range. */
class ValuesTest {
    private static final VmAddress VM = new VmAddress(7, Addresses.literal("10.64.0.10"));
    private static final InetAddress HOST = Addresses.literal("10.9.0.1");

    @Test
    void anEthernetAddressIsReadAndWritten() {
        assertThat(MacAddress.parse("02:fe:00:00:00:01").toString()).isEqualTo("02:fe:00:00:00:01");
        assertThat(MacAddress.of(Gateway.MAC.octets())).isEqualTo(Gateway.MAC);
        for (String bad : List.of("", "02:fe", "02:fe:00:00:00:0g", "01:00:5e:00:00:01", "00:00:00:00:00:00")) {
            assertThatIllegalArgumentException().isThrownBy(() -> MacAddress.parse(bad));
        }
    }

    @Test
    void aNetworkNumberHasTwentyTwoBits() {
        assertThat(new VmAddress(VmAddress.VNI_MAX, VM.address()).vni()).isEqualTo(4_194_303);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new VmAddress(1 << 22, VM.address()))
                .withMessage("network number 4194304 is not between 1 and 4194303");
        assertThatIllegalArgumentException().isThrownBy(() -> new VmAddress(0, VM.address()));
        assertThatIllegalArgumentException().isThrownBy(() -> new VmAddress(7, Addresses.literal("224.0.0.1")));
        assertThatIllegalArgumentException().isThrownBy(() -> new VmAddress(7, Addresses.literal("::")));
    }

    @Test
    void aLocationNamesTwoHostsAtMostAndAFence() {
        assertThatIllegalArgumentException().isThrownBy(() -> Location.settled(VM, HOST, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Location.settled(VM, HOST, 1).after(HOST));
    }

    @Test
    void aPrefixHasNoBitsAfterItsLength() {
        assertThat(Prefix.parse("10.0.0.0/8").covers(Prefix.parse("10.1.2.3"))).isTrue();
        assertThat(Prefix.parse("10.0.0.0/8").covers(Prefix.parse("0.0.0.0/0"))).isFalse();
        assertThat(Prefix.parse("10.0.0.0/8").covers(Addresses.literal("11.0.0.1")))
                .isFalse();
        assertThat(Prefix.ALL_V6.covers(Prefix.ALL_V4)).isFalse();
        assertThat(Prefix.ALL_V4.mappedLength()).isEqualTo(96);
        assertThat(Prefix.parse("fd00::/17")).hasToString("fd00:0:0:0:0:0:0:0/17");
        for (String bad : List.of("10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "host/8", "10.0.0/8x")) {
            assertThatIllegalArgumentException().isThrownBy(() -> Prefix.parse(bad));
        }
    }

    @Test
    void aRuleOnPortsIsForProtocolsThatHaveThem() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PolicyRule(Direction.OUT, Verdict.DENY, Prefix.ALL_V4, OptionalInt.of(1), 0, 80))
                .withMessage("IP protocol 1 has no ports");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new PolicyRule(Direction.OUT, Verdict.DENY, Prefix.ALL_V4, OptionalInt.of(6), 80, 79));
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new PolicyRule(Direction.OUT, Verdict.DENY, Prefix.ALL_V4, OptionalInt.of(256), 0, 65535));
    }

    @Test
    void aPortForwardsExactlyInItsState() {
        Port port = TrialPlane.port();
        assertThat(port.forward(HOST).live()).isEqualTo(port);
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        new Port(7, Gateway.MAC, port.addresses(), 3, 1, 1370, PortState.FORWARD, Optional.empty()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Port(7, Gateway.MAC, List.of(), 3, 1, 1370, PortState.LIVE, Optional.empty()));
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new Port(7, Gateway.MAC, port.addresses(), 3, 1, 1279, PortState.LIVE, Optional.empty()));
    }

    @Test
    void theStandardPolicyKeepsVmsFromTheMetadataServiceAndWhatIsGuarded() {
        Policy policy = Policy.standard(List.of(Prefix.parse("10.9.0.0/24")));
        assertThat(policy.rules().stream().map(PolicyRule::remote))
                .containsExactly(
                        Prefix.parse("169.254.169.254"), Prefix.parse("fd00:ec2::254"), Prefix.parse("10.9.0.0/24"));
        assertThat(DropReason.OTHER_NETWORK.label()).isEqualTo("other-network");
    }

    @Test
    void aRecordOfAnUnknownProgramIsNoEvent() {
        assertThat(FlowEvents.read(new byte[63])).isEmpty();
        assertThat(FlowEvents.read(new byte[64])).isEmpty();
    }
}

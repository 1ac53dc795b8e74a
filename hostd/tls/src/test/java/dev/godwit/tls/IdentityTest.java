package dev.godwit.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class IdentityTest {
    @Test
    void anIdentityGoesThroughItsUri() {
        for (Role role : Role.values()) {
            Identity identity = new Identity("blue", role, "ci@example.org");
            assertThat(Identity.parse(identity.uri())).isEqualTo(identity);
        }
    }

    @Test
    void whatIsNoIdentityIsRefusedWithWhatItIs() {
        for (String bad : List.of(
                "",
                "godwit://blue/host",
                "godwit://blue/host/a/b",
                "godwit://blue/root/a",
                "godwit://Blue/host/a",
                "godwit://blue/host/-a",
                "godwit://blue/host/" + "a".repeat(64),
                "https://blue/host/a",
                "godwit://blue/host/a\n")) {
            assertThatThrownBy(() -> Identity.parse(bad)).as(bad).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void eachRoleAllowsWhatItShall() {
        assertThat(Role.OPERATOR.allows(Role.VIEWER)).isTrue();
        assertThat(Role.OPERATOR.allows(Role.AGENT_BROKER)).isTrue();
        assertThat(Role.AGENT_BROKER.allows(Role.VIEWER)).isTrue();
        assertThat(Role.VIEWER.allows(Role.AGENT_BROKER)).isFalse();
        assertThat(Role.AGENT_BROKER.allows(Role.OPERATOR)).isFalse();
        for (Role other : List.of(Role.HOST, Role.STORE, Role.JOIN)) {
            assertThat(other.allows(Role.VIEWER)).as(other.text()).isFalse();
            assertThat(Role.OPERATOR.allows(other)).as(other.text()).isFalse();
            assertThat(other.allows(other)).isTrue();
        }
    }

    @Test
    void aSerialTellsWhenItWasMadeAndAForeignOneIsOld() {
        Instant now = Instant.ofEpochMilli(1_796_000_000_123L);
        BigInteger serial = Serials.next(now, new SecureRandom());
        assertThat(Serials.issuedAt(serial)).isEqualTo(now);
        assertThat(Serials.text(serial)).hasSize(32);
        assertThat(Serials.issuedAt(BigInteger.ONE.shiftLeft(158))).isEqualTo(Instant.EPOCH);
        assertThat(Serials.issuedAt(BigInteger.TEN)).isEqualTo(Instant.EPOCH);
    }

    @Test
    void aRevocationOfNothingIsRefused() {
        Instant now = Instant.EPOCH;
        for (String bad : List.of("", "alice", "root/alice", "operator/", "operator/a b", "12", "g".repeat(32))) {
            assertThatThrownBy(() -> new Revocation(bad, now)).as(bad).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(new Revocation("operator/alice", now).subject()).isEqualTo("operator/alice");
    }
}

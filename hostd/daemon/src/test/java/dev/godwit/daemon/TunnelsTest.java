package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.XECPublicKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPublicKeySpec;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class TunnelsTest {
    @Test
    void aPublicKeyIsItsNumberLittleEndian() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("X25519");
        KeyPair pair = generator.generateKeyPair();
        byte[] bytes = Tunnels.publicBytes(pair);
        assertThat(bytes).hasSize(32);
        byte[] encoded = pair.getPublic().getEncoded();
        assertThat(HexFormat.of().formatHex(encoded))
                .as("RFC 8410: the X.509 form ends with the same bytes")
                .endsWith(HexFormat.of().formatHex(bytes));
    }

    @Test
    void aSmallNumberIsPaddedAtItsEnd() throws Exception {
        XECPublicKey nine = (XECPublicKey) KeyFactory.getInstance("X25519")
                .generatePublic(new XECPublicKeySpec(NamedParameterSpec.X25519, java.math.BigInteger.valueOf(9)));
        byte[] bytes = Tunnels.publicBytes(new KeyPair(nine, null));
        assertThat(bytes[0]).isEqualTo((byte) 9);
        assertThat(bytes).hasSize(32);
    }
}

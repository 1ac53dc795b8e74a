package dev.godwit.pki;

import dev.godwit.tls.Pem;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;

/** Keys as this fleet uses them: elliptic curve P-256, which etcd, BoringSSL and the JDK all do fast. */
public final class KeyPairs {
    private KeyPairs() {}

    /** A new one. */
    public static KeyPair generate() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK makes no keys of P-256", e);
        }
    }

    /** The private half as {@code key.pem} holds it. */
    public static String pem(KeyPair pair) {
        return Pem.text(Pem.PRIVATE_KEY, pair.getPrivate().getEncoded());
    }
}

package dev.godwit.daemon;

import dev.godwit.fleet.HostRecord;
import dev.godwit.net.Addresses;
import dev.godwit.net.WireGuardPeer;
import dev.godwit.net.WireGuardUnderlay;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.XECPublicKey;
import java.security.spec.NamedParameterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Encrypted tunnels to all other hosts of the fleet, by the kernel's WireGuard. A host's public key and where its tunnel
 * ends stand in its record; the private key never leaves its state directory.
 */
final class Tunnels {
    private static final Logger log = LoggerFactory.getLogger(Tunnels.class);
    /** WireGuard's own. */
    private static final int PORT = 51820;

    private static final int KEY_BYTES = 32;
    private static final String KEY_LABEL = "wireguard-key";
    private static final String ENDPOINT_LABEL = "wireguard-endpoint";

    private final WireGuardUnderlay underlay;
    private final String privateKey;
    private final String publicKey;

    private Tunnels(WireGuardUnderlay underlay, String privateKey, String publicKey) {
        this.underlay = underlay;
        this.privateKey = privateKey;
        this.publicKey = publicKey;
    }

    /**
     * Makes the device, or takes over what is there.
     *
     * @param inside this host's address in the tunnels
     * @param keyFile holds the private key, made where it is missing
     * @throws IOException the kernel has no WireGuard
     */
    static Tunnels open(InetAddress inside, Path keyFile) throws IOException {
        KeyPair pair = keyPair(keyFile);
        WireGuardUnderlay underlay = new WireGuardUnderlay(inside, PORT);
        underlay.open();
        return new Tunnels(
                underlay,
                Base64.getEncoder().encodeToString(privateBytes(pair)),
                Base64.getEncoder().encodeToString(publicBytes(pair)));
    }

    /** What others need to know of this host. */
    Map<String, String> labels(ListenAddress peerAddress) {
        return Map.of(KEY_LABEL, publicKey, ENDPOINT_LABEL, peerAddress.host());
    }

    /** The hosts of the fleet have changed. */
    void tell(List<HostRecord> others) {
        List<WireGuardPeer> peers = new ArrayList<>();
        for (HostRecord host : others) {
            String key = host.labels().get(KEY_LABEL);
            String endpoint = host.labels().get(ENDPOINT_LABEL);
            try {
                if (key != null && endpoint != null && !host.underlayAddress().isEmpty()) {
                    peers.add(new WireGuardPeer(
                            key,
                            Addresses.literal(host.underlayAddress()),
                            new InetSocketAddress(Addresses.literal(endpoint), PORT)));
                }
            } catch (IllegalArgumentException e) {
                log.warn("there is no tunnel to host {}: {}", host.hostId(), e.getMessage());
            }
        }
        try {
            underlay.peers(privateKey, peers);
        } catch (IOException e) {
            log.error("the tunnels between hosts stay as they were: {}", e.getMessage());
        }
    }

    /** PKCS #8 of the private key and X.509 of the public one, each a line of base64. */
    private static KeyPair keyPair(Path file) throws IOException {
        try {
            KeyFactory keys = KeyFactory.getInstance("X25519");
            if (Files.exists(file)) {
                List<String> lines = Files.readAllLines(file);
                return new KeyPair(
                        keys.generatePublic(new java.security.spec.X509EncodedKeySpec(decoded(lines.get(1)))),
                        keys.generatePrivate(new java.security.spec.PKCS8EncodedKeySpec(decoded(lines.get(0)))));
            }
            KeyPairGenerator generator = KeyPairGenerator.getInstance("X25519");
            generator.initialize(NamedParameterSpec.X25519);
            KeyPair made = generator.generateKeyPair();
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.write(
                    file,
                    List.of(
                            Base64.getEncoder().encodeToString(made.getPrivate().getEncoded()),
                            Base64.getEncoder().encodeToString(made.getPublic().getEncoded())),
                    StandardOpenOption.TRUNCATE_EXISTING);
            return made;
        } catch (GeneralSecurityException | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new IOException(
                    "the key of the tunnels in " + file + " can't be used: " + e.getMessage()
                            + "; remove the file for a new one",
                    e);
        }
    }

    private static byte[] decoded(String line) {
        return Base64.getDecoder().decode(line.strip());
    }

    /** RFC 8410: the last 32 bytes of the PKCS #8 form are the key. */
    private static byte[] privateBytes(KeyPair pair) {
        byte[] encoded = Objects.requireNonNull(pair.getPrivate().getEncoded(), "a key made here has its bytes");
        return Arrays.copyOfRange(encoded, encoded.length - KEY_BYTES, encoded.length);
    }

    /** RFC 7748: u as 32 bytes, little-endian. */
    static byte[] publicBytes(KeyPair pair) {
        BigInteger u = ((XECPublicKey) pair.getPublic()).getU();
        byte[] big = u.toByteArray();
        byte[] little = new byte[KEY_BYTES];
        for (int i = 0; i < Math.min(big.length, KEY_BYTES); i++) {
            little[i] = big[big.length - 1 - i];
        }
        return little;
    }
}

package dev.godwit.lab;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * The configuration file of a lab host's hostd. Paths are as the host sees them.
 *
 * @param hostId name of the host in the fleet
 * @param stateDirectory private to the host
 * @param socket where hostd listens for local clients
 * @param fleetStore the etcd node
 * @param tlsDirectory the host's certificate
 * @param issuer directory of the key that renews the others' certificates; null for most hosts
 * @param metadataEndpoint the host's own metadata server
 * @param lines about its role and the VMs' network
 */
public record HostdConfig(
        String hostId,
        String stateDirectory,
        String socket,
        HostAddress address,
        URI fleetStore,
        URI metadataEndpoint,
        String tlsDirectory,
        @Nullable String issuer,
        String lines) {

    /** The file's text. */
    public String yaml() {
        return """
                host-id: %s
                state-directory: %s
                socket: %s
                rest-address: %s
                peer-address: %s
                tls:
                  certificate: %s/certificate.pem
                  key: %s/key.pem
                  authority: %s/authority.pem%s
                fleet-store:
                  etcd: ["%s"]
                cloud:
                  driver: aws
                  metadata-endpoint: "%s"
                allow-emulation: true
                """.formatted(
                                hostId,
                                stateDirectory,
                                socket,
                                address.restEndpoint(),
                                address.peerEndpoint(),
                                tlsDirectory,
                                tlsDirectory,
                                tlsDirectory,
                                issuer == null ? "" : "\n  issuer: " + issuer,
                                fleetStore,
                                metadataEndpoint)
                + lines;
    }
}

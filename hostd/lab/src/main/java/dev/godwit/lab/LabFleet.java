package dev.godwit.lab;

import dev.godwit.client.ClientTls;
import dev.godwit.client.Endpoint;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.Timeouts;
import dev.godwit.fleet.etcd.EtcdTls;
import dev.godwit.pki.FleetAuthority;
import dev.godwit.pki.Issuance;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLContext;

/**
 * A lab's certificates: everything in it speaks TLS as a fleet in production does. One operator watches and asks. Thread-safe.
 */
public final class LabFleet {
    private static final String NAME = "lab";
    private static final Duration VALIDITY = Duration.ofDays(1);

    private final FleetAuthority authority;
    private final Path directory;
    private final Credentials operator;

    private LabFleet(FleetAuthority authority, Path directory, Credentials operator) {
        this.authority = authority;
        this.directory = directory;
        this.operator = operator;
    }

    /** Makes the authority, and the operator's certificate, below a directory. */
    public static LabFleet make(Path directory) {
        try {
            FleetAuthority authority =
                    FleetAuthority.init(directory.resolve("authority"), NAME, InstantSource.system());
            Path operator = directory.resolve("operator");
            return new LabFleet(
                    authority, directory, authority.issue(issuance(Role.OPERATOR, "lab", List.of()), operator));
        } catch (IOException e) {
            throw new LabException("the lab's certificates can't be made: " + e.getMessage(), e);
        }
    }

    private static Issuance issuance(Role role, String name, List<String> addresses) {
        return new Issuance(new Identity(NAME, role, name), addresses, VALIDITY);
    }

    /** Makes an identity in a directory of its own. */
    public TlsFiles issue(Role role, String name, String address, Path into) {
        try {
            authority.issue(issuance(role, name, List.of(address)), into);
            return TlsFiles.in(into);
        } catch (IOException e) {
            throw new LabException("the certificate of " + name + " can't be made: " + e.getMessage(), e);
        }
    }

    /** Gives a host what it needs to renew the others' certificates. */
    void copyIssuer(Path into) {
        try {
            Files.createDirectories(into);
            TlsFiles.write(into.resolve("authority.pem"), authority.authorityPem());
            TlsFiles.writeSecret(
                    into.resolve("hosts.key"), TlsFiles.readSecret(directory.resolve("authority/hosts.key")));
        } catch (IOException e) {
            throw new LabException("the authority's key can't be copied: " + e.getMessage(), e);
        }
    }

    /** The authority that signs hosts, which is the one that etcd trusts. */
    public Path hostsAuthority() {
        return directory.resolve("authority/hosts.pem");
    }

    /** For {@code GODWIT_TLS_DIR}. */
    public Path operatorDirectory() {
        return directory.resolve("operator");
    }

    /** A client of these hosts, as the operator. The caller closes it. */
    public GodwitClient client(LabHost... hosts) {
        return client(Arrays.stream(hosts).map(LabHost::address).toList());
    }

    /** The same, of one that tries for so long before it gives a host up. */
    public GodwitClient patientClient(Duration retry, LabHost... hosts) {
        return client(
                Arrays.stream(hosts).map(LabHost::address).toList(),
                Timeouts.usual().withRetry(retry));
    }

    /** A client of hosts that need not be there yet, as the operator. The caller closes it. */
    GodwitClient client(List<HostAddress> hosts) {
        return client(hosts, Timeouts.usual());
    }

    private GodwitClient client(List<HostAddress> hosts, Timeouts timeouts) {
        return new GodwitClient(
                hosts.stream()
                        .map(host -> Endpoint.parse(host.url().toString()))
                        .toList(),
                timeouts,
                ClientTls.of(operator));
    }

    /** How the operator speaks to hosts without a client. */
    SSLContext operatorContext() {
        return FleetTls.context(() -> operator, trust(operator, Role.HOST));
    }

    /** How one that shows itself as a host speaks to the fleet store. */
    public EtcdTls toStore() {
        try {
            Credentials own = authority.issue(issuance(Role.HOST, "lab", List.of()));
            return new EtcdTls(() -> own, trust(own, Role.STORE));
        } catch (IOException e) {
            throw new LabException("the certificate for the fleet store can't be made: " + e.getMessage(), e);
        }
    }

    private static FleetTrust trust(Credentials own, Role role) {
        return new FleetTrust(() -> own, Set.of(role), Revocations.none(), InstantSource.system());
    }
}

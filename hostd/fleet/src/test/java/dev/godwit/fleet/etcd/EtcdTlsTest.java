package dev.godwit.fleet.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostLease;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.pki.FleetAuthority;
import dev.godwit.pki.Issuance;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real etcd behind TLS, as the fleet's authority sets it up. */
class EtcdTlsTest {
    private static final Duration QUICK = Duration.ofSeconds(3);

    @TempDir
    static Path directory;

    private static FleetAuthority authority;
    private static EtcdProcess etcd;

    @BeforeAll
    static void start() throws Exception {
        authority = FleetAuthority.init(directory.resolve("ca"), "blue", InstantSource.system());
        authority.issue(issuance(Role.STORE, "etcd"), directory.resolve("etcd-tls"));
        etcd = EtcdProcess.startSecure(
                directory, TlsFiles.in(directory.resolve("etcd-tls")), directory.resolve("ca/hosts.pem"));
    }

    @AfterAll
    static void stop() {
        etcd.close();
    }

    private static Issuance issuance(Role role, String name) {
        return new Issuance(new Identity("blue", role, name), List.of("127.0.0.1"), Duration.ofHours(1));
    }

    private static FleetStore open(Role role, Set<Role> servers) throws IOException {
        Credentials own = authority.issue(issuance(role, "host-a"));
        EtcdTls tls =
                new EtcdTls(() -> own, new FleetTrust(() -> own, servers, Revocations.none(), InstantSource.system()));
        return EtcdFleetStore.open(List.of(etcd.endpoint()), tls, System::nanoTime, QUICK);
    }

    @Test
    void aHostReadsAndWrites() throws Exception {
        HostRecord host = new HostRecord("host-a", "i", HostRole.HOST, "10.0.0.1:7700", "", "", Map.of());
        try (FleetStore store = open(Role.HOST, Set.of(Role.STORE));
                HostLease lease = store.announce(host, Duration.ofSeconds(6))) {
            assertThat(store.hosts()).containsExactly(lease.host());
        }
    }

    @Test
    void anOperatorAndAnInvitedOneAreNotLetIn() throws Exception {
        for (Role role : new Role[] {Role.OPERATOR, Role.JOIN}) {
            try (FleetStore store = open(role, Set.of(Role.STORE))) {
                assertThatExceptionOfType(FleetStoreUnavailable.class).isThrownBy(store::hosts);
            }
        }
    }

    @Test
    void aServerThatIsNoStoreIsNotSpokenTo() throws Exception {
        try (FleetStore store = open(Role.HOST, Set.of(Role.HOST))) {
            assertThatExceptionOfType(FleetStoreUnavailable.class)
                    .isThrownBy(store::hosts)
                    .withMessageContaining("store/etcd, and only host is taken here");
        }
    }

    @Test
    void withoutTlsNobodyIsAnswered() {
        try (FleetStore store =
                EtcdFleetStore.open(List.of(etcd.endpoint().replace("https:", "http:")), System::nanoTime, QUICK)) {
            assertThatExceptionOfType(FleetStoreUnavailable.class).isThrownBy(store::hosts);
        }
    }
}

package dev.godwit.pki;

import dev.godwit.tls.Credentials;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Role;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/** A fleet's authority for tests, with what a liar would want. */
final class TestFleet {
    final FleetAuthority authority;

    private TestFleet(FleetAuthority authority) {
        this.authority = authority;
    }

    static TestFleet make(Path directory, String fleet) throws IOException {
        return new TestFleet(FleetAuthority.init(directory, fleet, InstantSource.system()));
    }

    Credentials issue(Role role, String name) throws IOException {
        return authority.issue(issuance(role, name, Duration.ofHours(1)));
    }

    /** The authority as it was, or will be, at another time. */
    Credentials issueAt(Instant time, Role role, String name, Path directory) throws IOException {
        return FleetAuthority.open(directory, InstantSource.fixed(time))
                .issue(issuance(role, name, Duration.ofHours(1)));
    }

    Issuance issuance(Role role, String name, Duration validity) {
        return new Issuance(new Identity(authority.fleet(), role, name), List.of("127.0.0.1", "localhost"), validity);
    }
}

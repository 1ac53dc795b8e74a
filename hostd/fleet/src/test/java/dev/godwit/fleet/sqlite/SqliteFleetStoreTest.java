package dev.godwit.fleet.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreContract;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostIdTaken;
import dev.godwit.fleet.HostLease;
import dev.godwit.fleet.NewOwnership;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteFleetStoreTest extends FleetStoreContract {
    @TempDir
    Path directory;

    private final AtomicLong clock = new AtomicLong(1_000_000);

    @Override
    protected FleetStore open() throws Exception {
        return SqliteFleetStore.open(directory.resolve("fleet.db"), clock::get);
    }

    @Override
    protected FleetStore openBeside() throws Exception {
        return SqliteFleetStore.open(directory.resolve("beside.db"), clock::get);
    }

    @Test
    void aSecondHostdOnTheSameFileIsToldThatOneHoldsIt() {
        assertThatExceptionOfType(FleetStoreUnavailable.class)
                .isThrownBy(this::open)
                .withMessageContaining("fleet.db")
                .withMessageContaining("another hostd holds it");
    }

    @Test
    void aSecondHostIsToldToUseEtcd() throws Exception {
        store.announce(host("host-a", "a"), TTL);
        assertThatExceptionOfType(HostIdTaken.class)
                .isThrownBy(() -> store.announce(host("host-b", "b"), TTL))
                .withMessageContaining("etcd");
    }

    @Test
    void theLeaseOfTheOnlyHostHoldsUntilItIsClosed() throws Exception {
        HostLease lease = store.announce(host("host-a", "a"), TTL);
        clock.addAndGet(TTL.multipliedBy(10).toNanos());
        assertThat(lease.isValid()).isTrue();
        assertThat(lease.validUntilNanos()).isEqualTo(Long.MAX_VALUE);
        lease.close();
        assertThat(lease.isValid()).isFalse();
    }

    @Test
    void aFileOfAHostdThatKnewOneNetworkIsTakenOver() throws Exception {
        store.create(vm("vm1"));
        store.close();
        try (Connection old = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("fleet.db"));
                Statement statement = old.createStatement()) {
            statement.execute("ALTER TABLE ownership DROP COLUMN vni");
        }
        store = open();
        assertThat(store.read("vm1").orElseThrow().vni()).isEqualTo(1);
        assertThat(store.create(new NewOwnership("vm2", "db", "host-a", "", "", 7))
                        .vni())
                .isEqualTo(7);
    }

    @Test
    void aFileThatIsNoDatabaseIsRefusedWithItsPath() throws Exception {
        Path garbage = Files.writeString(directory.resolve("garbage.db"), "this is not a database, ".repeat(400));
        assertThatExceptionOfType(FleetStoreUnavailable.class)
                .isThrownBy(() -> SqliteFleetStore.open(garbage, clock::get))
                .withMessageContaining("garbage.db");
    }
}

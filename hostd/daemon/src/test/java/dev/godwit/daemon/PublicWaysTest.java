package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.godwit.edge.EdgeSides;
import dev.godwit.edge.PublicAddress;
import dev.godwit.edge.PublishedPort;
import dev.godwit.edge.PublishedPorts;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import dev.godwit.net.Gateway;
import dev.godwit.net.Prefix;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublicWaysTest {
    private static final Prefix SUBNET = Prefix.parse("10.77.0.0/16");

    @TempDir
    Path folder;

    private final PublicWays ways = new PublicWays(
            new EdgeSides(
                    "eth1",
                    List.of(new PublicAddress(InetAddress.ofLiteral("192.0.2.1"), true)),
                    "vx0",
                    List.of(SUBNET),
                    List.of(Gateway.V4)),
            new VmAddresses(SUBNET, null));
    private SqliteFleetStore store;
    private OwnershipRecord vm;
    private PublishedPorts open = PublishedPorts.none();
    private boolean fails;

    @BeforeEach
    void aPublishedPort() throws Exception {
        store = SqliteFleetStore.open(folder.resolve("fleet.db"), System::nanoTime);
        vm = store.create(new NewOwnership("vm-1", "one", "host-a", "10.77.0.2", ""));
        store.documents().put("port", "tcp-8080", 0, Json.line(new PublicPorts.Lead("vm-1", 80, vm.created())));
    }

    @AfterEach
    void close() {
        store.close();
    }

    private boolean look() throws Exception {
        return ways.look(store.documents(), store.list(), ports -> {
            if (fails) {
                throw new IOException("nft did not end within 20 s");
            }
            open = ports;
        });
    }

    @Test
    void aWayIsOpenedOnceAndShutWhenItIsPublishedNoMore() throws Exception {
        assertThat(look()).isTrue();
        assertThat(open.ports()).extracting(PublishedPort::vmPort).containsExactly(80);
        assertThat(look()).isFalse();
        store.documents()
                .delete(
                        "port",
                        "tcp-8080",
                        store.documents().list("port").getFirst().revision());
        assertThat(look()).isTrue();
        assertThat(open.ports()).isEmpty();
    }

    @Test
    void whatCouldNotBeOpenedOrShutIsTriedAgainAtTheNextLook() throws Exception {
        fails = true;
        assertThatIOException().isThrownBy(this::look);
        assertThat(ways.count()).isZero();
        fails = false;
        assertThat(look()).isTrue();
        assertThat(open.ports()).hasSize(1);
        store.delete("vm-1", "host-a", 1);
        fails = true;
        assertThatIOException().isThrownBy(this::look);
        fails = false;
        assertThat(look()).isTrue();
        assertThat(open.ports()).isEmpty();
    }

    @Test
    void aVmMadeAnewUnderTheSameIdIsNotReachedByTheOldDocument() throws Exception {
        look();
        store.delete("vm-1", "host-a", 1);
        store.create(new NewOwnership("vm-1", "one", "host-a", "10.77.0.2", ""));
        assertThat(look()).isTrue();
        assertThat(open.ports()).isEmpty();
    }
}

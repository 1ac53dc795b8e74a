package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.api.PortProtocol;
import dev.godwit.api.PublishPort;
import dev.godwit.api.PublishedPort;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublicPortsTest {
    private static final PublishPort WEB = new PublishPort(8080, 80, PortProtocol.TCP);

    private static final Vm ONE = vm("vm-1", "one");
    private static final Vm TWO = vm("vm-2", "two");

    private static Vm vm(String id, String name) {
        return new Vm(
                id,
                name,
                VmState.RUNNING,
                "host-a",
                1,
                "",
                1,
                512,
                4096,
                "10.77.0.2",
                null,
                null,
                null,
                null,
                Map.of(),
                "default",
                null,
                null);
    }

    @TempDir
    Path folder;

    private SqliteFleetStore store;
    private PublicPorts ports;

    @BeforeEach
    void open() throws Exception {
        store = SqliteFleetStore.open(folder.resolve("fleet.db"), System::nanoTime);
        ports = new PublicPorts(store);
        store.create(new NewOwnership("vm-1", "one", "host-a", "10.77.0.2", ""));
        store.create(new NewOwnership("vm-2", "two", "host-a", "10.77.0.3", ""));
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void aPortIsPublishedOnceHoweverOftenItIsAskedFor() throws Exception {
        store.announce(
                new HostRecord(
                        "edge-a",
                        "x",
                        HostRole.EDGE,
                        "",
                        "",
                        "",
                        Map.of(PublicPorts.ADDRESSES_LABEL, "192.0.2.1,2001:db8::1")),
                Duration.ofSeconds(10));
        PublishedPort published = ports.publish(ONE, WEB);
        assertThat(published)
                .isEqualTo(new PublishedPort("vm-1", List.of("192.0.2.1", "2001:db8::1"), 8080, 80, PortProtocol.TCP));
        assertThat(ports.publish(ONE, WEB)).isEqualTo(published);
        assertThat(ports.of(ONE)).containsExactly(published);
        assertThat(ports.of(TWO)).isEmpty();
    }

    @Test
    void aPortThatLeadsElsewhereIsRefusedUntilItsVmIsGone() throws Exception {
        ports.publish(ONE, WEB);
        assertThatThrownBy(() -> ports.publish(TWO, WEB))
                .isInstanceOf(Conflict.class)
                .hasMessageContaining("leads to port 80 of VM vm-1 already");
        assertThatThrownBy(() -> ports.publish(ONE, new PublishPort(8080, 81, PortProtocol.TCP)))
                .isInstanceOf(Conflict.class);
        ports.publish(TWO, new PublishPort(8080, 80, PortProtocol.UDP));
        store.delete("vm-1", "host-a", 1);
        assertThat(ports.publish(TWO, WEB).vm()).isEqualTo("vm-2");
        assertThat(ports.of(TWO))
                .extracting(PublishedPort::protocol)
                .containsExactly(PortProtocol.TCP, PortProtocol.UDP);
    }

    @Test
    void aVmMadeAnewUnderTheSameIdHasNoPublicPortAndTheOldOneIsFree() throws Exception {
        ports.publish(ONE, WEB);
        store.delete("vm-1", "host-a", 1);
        store.create(new NewOwnership("vm-1", "one", "host-a", "10.77.0.2", ""));
        assertThat(ports.of(ONE)).isEmpty();
        assertThat(PublicPorts.all(store.documents()).getFirst().lead().isTo(record("vm-1")))
                .as("what an edge asks before it opens the way")
                .isFalse();
        assertThatThrownBy(() -> ports.unpublish(ONE, PortProtocol.TCP, 8080)).isInstanceOf(NotFound.class);
        assertThat(ports.publish(TWO, WEB).vm()).isEqualTo("vm-2");
    }

    @Test
    void theSameVmKeepsItsPortsWhereverItMoves() throws Exception {
        ports.publish(ONE, WEB);
        store.transfer("vm-1", "host-a", 1, "host-b");
        assertThat(ports.of(ONE)).hasSize(1);
        assertThat(PublicPorts.all(store.documents()).getFirst().lead().isTo(record("vm-1")))
                .isTrue();
    }

    @Test
    void onlyDocumentsOfVmsThatAreGoneAreRemoved() throws Exception {
        ports.publish(ONE, WEB);
        ports.publish(TWO, new PublishPort(53, 53, PortProtocol.UDP));
        store.delete("vm-1", "host-a", 1);
        PublicPorts.removeLeft(store);
        assertThat(store.documents().list("port"))
                .extracting(FleetDocument::name)
                .containsExactly("udp-53");
    }

    private OwnershipRecord record(String vmId) throws Exception {
        return store.read(vmId).orElseThrow();
    }

    @Test
    void onlyWhatLeadsToTheVmIsUnpublished() {
        ports.publish(ONE, WEB);
        assertThatThrownBy(() -> ports.unpublish(TWO, PortProtocol.TCP, 8080)).isInstanceOf(NotFound.class);
        assertThatThrownBy(() -> ports.unpublish(ONE, PortProtocol.UDP, 8080)).isInstanceOf(NotFound.class);
        ports.unpublish(ONE, PortProtocol.TCP, 8080);
        assertThat(ports.of(ONE)).isEmpty();
    }

    @Test
    void aDocumentThatNobodyOfUsWroteIsLeftOut() throws Exception {
        ports.publish(ONE, WEB);
        store.documents().put("port", "tcp-99999", 0, "{\"vmId\":\"vm-1\",\"vmPort\":1,\"vmCreated\":1}");
        store.documents().put("port", "tcp-70", 0, "\"no lead\"");
        store.documents().put("port", "smtp-25", 0, "{\"vmId\":\"vm-1\",\"vmPort\":1,\"vmCreated\":1}");
        assertThat(PublicPorts.all(store.documents())).hasSize(1);
    }
}

package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.godwit.api.CreateVm;
import dev.godwit.api.HostRole;
import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.move.MovesInProgress;
import dev.godwit.move.Reservation;
import dev.godwit.move.ReservationRefused;
import dev.godwit.peer.PeerSockets;
import dev.godwit.vmm.Accelerator;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An edge has an accelerator, images and room like any machine, and takes no VM by any way. */
class EdgeTakesNoVmTest {
    private static final CreateVm REQUEST = new CreateVm("build-1", "tiny", 1, 512, 1024);

    @TempDir
    Path directory;

    private LocalVms edge;

    @BeforeEach
    void open() throws Exception {
        edge = new LocalVms(directory);
    }

    @AfterEach
    void close() throws Exception {
        edge.close();
    }

    @Test
    void aVmIsNotMadeThereAndAnotherHostMayBeAsked() throws Exception {
        VmLifecycle lifecycle = edge.lifecycle(new MovesInProgress(), HostRole.EDGE);
        assertThatExceptionOfType(Refused.class)
                .isThrownBy(() -> lifecycle.create(REQUEST, "vm-1"))
                .withMessageContaining("is an edge")
                .matches(refused -> refused.code() == ProblemCode.HOST_UNFIT);
        assertThat(edge.store.list()).isEmpty();
    }

    @Test
    void aVmWhoseHostIsGoneIsNotTakenOverThere() throws Exception {
        OwnershipRecord lost = edge.store.create(new NewOwnership("vm-1", "build-1", "host-b", "", Json.line(REQUEST)));
        VmLifecycle lifecycle = edge.lifecycle(new MovesInProgress(), HostRole.EDGE);
        assertThatExceptionOfType(Refused.class)
                .isThrownBy(() -> lifecycle.claim(lost))
                .withMessageContaining("is an edge");
        assertThat(edge.store.read("vm-1")).contains(lost);
    }

    @Test
    void aMoveToItIsRefusedInReserve() throws Exception {
        HostFitness fitness = new HostFitness(edge.parts.driver(), true, HostRole.EDGE);
        ArrivingVms arriving = new ArrivingVms(
                edge.parts,
                fitness,
                new Images(edge.paths, new ImageRecipes(edge.paths.state()), "edge-a"),
                edge.vms,
                edge.departure,
                new MoveThreads());
        VmNeeds needs = new VmNeeds(
                "build-1",
                "tiny",
                1,
                512,
                1024,
                "",
                "",
                Accelerator.TCG,
                "haswell-v1",
                "pc-q35-7.2",
                "sse2",
                0,
                VmOrigin.NONE);
        Reservation reservation = new Reservation("m-1", "vm-1", "host-a", "edge-a", 1, needs.write());
        assertThatExceptionOfType(ReservationRefused.class)
                .isThrownBy(() -> arriving.reserve(reservation))
                .withMessageContaining("host edge-a: this machine is an edge");
        assertThat(edge.admission.promised()).isEmpty();
    }

    @Test
    void itIsNoTargetOfAnEvacuation() throws Exception {
        HostRecord other =
                new HostRecord("edge-a", "x", dev.godwit.fleet.HostRole.EDGE, "", "127.0.0.1:1", "", Map.of());
        edge.store.announce(other, Duration.ofSeconds(10));
        try (Peers peers = new Peers("host-a", edge.store, PeerSockets.plain())) {
            assertThat(peers.others()).extracting(HostRecord::hostId).containsExactly("edge-a");
            assertThat(new FleetView(peers, edge.vms, "haswell-v1").candidates())
                    .isEmpty();
        }
    }
}

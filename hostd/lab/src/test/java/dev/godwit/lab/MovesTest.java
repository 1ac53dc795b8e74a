package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Move;
import dev.godwit.api.MoveState;
import dev.godwit.api.VmState;
import dev.godwit.client.ExecStream;
import dev.godwit.client.GodwitClient;
import dev.godwit.fleet.FleetStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Moves of real guests between two real hosts, and what can go wrong with them. Needs root. */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class MovesTest extends TwoHostsTest {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int GARBAGE_STREAMS = 50;
    private static final int DISK_MIB = TwoHosts.DISK_MIB;
    private static final Set<MoveState> MOVED = Set.of(MoveState.RELEASE, MoveState.DONE);

    @Test
    void aVmGoesThereAndBackAndItsGuestNoticesNothing() throws Exception {
        Guest guest = hosts.vm();
        hosts.startPages(guest);
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (ExecStream counting = guest.output(guest.start(ExecRequest.of(
                "sh", "-c", "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; done; sleep 5; echo end; exit 7")))) {
            CompletableFuture<Integer> status = CompletableFuture.supplyAsync(() -> {
                try {
                    return counting.copyTo(output, output).shellStatus();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            Move there = TwoHosts.ended(hosts.onA, hosts.onA.move(guest.vm(), "host-b"));
            assertMoved(there);
            hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
            Move back = moveWhenKnown(hosts.onB, guest, "host-a");
            assertMoved(back);
            hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
            assertThat(status.get(2, TimeUnit.MINUTES)).isEqualTo(7);
        }
        assertThat(output.toString(StandardCharsets.UTF_8).lines())
                .hasSize(3001)
                .endsWith("2999", "3000", "end");
        assertThat(hosts.both.vm(guest.vm()).host()).isEqualTo("host-a");
        assertThat(hosts.both.vm(guest.vm()).fence()).isEqualTo(3);
    }

    @Test
    void theSourceGoesOnWhenTheTargetDiesBeforeCommitAndASecondMoveSucceeds() throws Exception {
        Guest guest = hosts.vm();
        hosts.startPages(guest);
        String moveId = hosts.onA.move(guest.vm(), "host-b");
        awaitState(moveId, MoveState.STREAM);
        hosts.b.killHostd();
        Move failed = TwoHosts.ended(hosts.onA, moveId);
        assertThat(failed.state()).isIn(MoveState.ROLLED_BACK, MoveState.REFUSED);
        assertThat(failed.failure()).isNotBlank();
        assertThat(hosts.onA.vm(guest.vm()).state()).isEqualTo(VmState.RUNNING);
        hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);

        hosts.b.launchHostd(TwoHosts.DIST);
        Move second = moveWhenKnown(guest, "host-b");
        assertMoved(second);
        hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
    }

    @Test
    void aMoveGoesOnAfterFiveSecondsWithoutALink() throws Exception {
        Guest guest = hosts.vm();
        hosts.startPages(guest);
        String moveId = hosts.onA.move(guest.vm(), "host-b");
        awaitState(moveId, MoveState.STREAM);
        hosts.a.peerLink(false);
        CompletableFuture.runAsync(() -> hosts.a.peerLink(true), CompletableFuture.delayedExecutor(5, TimeUnit.SECONDS))
                .get(30, TimeUnit.SECONDS);
        Move move = TwoHosts.ended(hosts.onA, moveId);
        assertMoved(move);
        hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
    }

    @Test
    void aKilledHostdTakesItsVmBackAndTheVmCanMoveThen() throws Exception {
        Guest guest = hosts.vm();
        hosts.startPages(guest);
        guest.run(
                "sh",
                "-c",
                "dd if=/dev/urandom of=/root/data bs=64k count=64 && sync && sha256sum /root/data >/root/sum");
        hosts.a.killHostd();
        hosts.a.launchHostd(TwoHosts.DIST);
        hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
        assertThat(guest.run("sh", "-c", "echo 3 >/proc/sys/vm/drop_caches; sha256sum -c /root/sum"))
                .contains("OK");
        Move move = moveWhenKnown(guest, "host-b");
        assertMoved(move);
        assertThat(guest.run("sh", "-c", "echo 3 >/proc/sys/vm/drop_caches; sha256sum -c /root/sum"))
                .contains("OK");
        hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
    }

    @Test
    void aHostdKilledDuringAMoveLeavesExactlyOneRunningVm() throws Exception {
        Guest guest = hosts.vm();
        hosts.startPages(guest);
        String moveId = hosts.onA.move(guest.vm(), "host-b");
        awaitState(moveId, MoveState.STREAM);
        hosts.a.killHostd();
        hosts.a.launchHostd(TwoHosts.DIST);
        Move move = TwoHosts.ended(hosts.onA, moveId);
        hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
        assertThat(hosts.both.vm(guest.vm()).host()).isEqualTo(MOVED.contains(move.state()) ? "host-b" : "host-a");
    }

    @Test
    void aSecondMoveIsRefusedWhileOneRuns() throws Exception {
        Guest guest = hosts.vm();
        String moveId = hosts.onA.move(guest.vm(), "host-b");
        assertThatThrownBy(() -> hosts.onA.move(guest.vm(), "host-b")).hasMessageContaining("on the move already");
        assertMoved(TwoHosts.ended(hosts.onA, moveId));
    }

    @Test
    void aTargetWithoutMemoryIsRefusedAndItIsSaidHowMuch() throws Exception {
        Guest guest = hosts.vm();
        long free = hosts.onB.host().freeMemoryMib();
        String large = hosts.onB
                .createVm(new CreateVm("large", hosts.image, 1, (int) free - 900, TwoHosts.DISK_MIB))
                .id();
        assertThatThrownBy(() -> {
                    Move refused = TwoHosts.ended(hosts.onA, hosts.onA.move(guest.vm(), "host-b"));
                    throw new IOException(String.valueOf(refused.failure()));
                })
                .hasMessageContaining("MiB of memory");
        hosts.onB.deleteVm(large);
        assertThat(hosts.onA.vm(guest.vm()).state()).isEqualTo(VmState.RUNNING);
    }

    @Test
    void aTargetWithoutTheBaseImageRefusesAndNamesIt() throws Exception {
        Guest guest = hosts.vm();
        Path images = hosts.b.directory().resolve("state/images");
        Path aside = hosts.b.directory().resolve("state/images-aside");
        Files.move(images, aside);
        Files.createDirectories(images);
        try {
            Move refused = TwoHosts.ended(hosts.onA, hosts.onA.move(guest.vm(), "host-b"));
            assertThat(refused.state()).isEqualTo(MoveState.REFUSED);
            assertThat(refused.failure()).contains(hosts.image);
        } finally {
            Files.delete(images);
            Files.move(aside, images);
        }
        assertMoved(TwoHosts.ended(hosts.onA, hosts.onA.move(guest.vm(), "host-b")));
    }

    @Test
    void aTargetWithoutDiskSpaceIsRefusedAndItIsSaidHowMuch() throws Exception {
        Guest guest = hosts.vm();
        hosts.startPages(guest);
        guest.run("sh", "-c", "head -c 64M /dev/urandom >/root/data; sync; sha256sum /root/data >/root/sum");
        try (SmallDisk small = SmallDisk.on(hosts.b, 200)) {
            assertThatThrownBy(() -> hosts.onA.move(guest.vm(), "host-b"))
                    .hasMessageContaining("host-b")
                    .message()
                    .containsPattern("has [0-9]+ MiB of disk free, the VM's overlay has [0-9]+ MiB");
            hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
            assertThat(hosts.onA.vm(guest.vm()).state()).isEqualTo(VmState.RUNNING);
            assertThat(small.host().path(small.folder())).isEmptyDirectory();
        }
        assertMoved(TwoHosts.ended(hosts.onA, hosts.onA.move(guest.vm(), "host-b")));
        assertThat(guest.run("sh", "-c", "echo 3 >/proc/sys/vm/drop_caches; sha256sum -c /root/sum"))
                .contains("OK");
        hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
    }

    @Test
    void aTargetWhoseCpuLacksAFlagRefusesInReserveAndNamesIt() throws Exception {
        Guest guest = hosts.vm();
        hosts.startPages(guest);
        try (LesserCpu lesser = LesserCpu.of(hosts.b)) {
            restart(lesser.host());
            Move refused = moveWhenKnown(guest, "host-b");
            assertThat(refused.state()).isEqualTo(MoveState.REFUSED);
            assertThat(refused.failure())
                    .contains("host host-b: CPU template \"x86-64-v2-godwit1\" lacks aes on this host");
            hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
            assertThat(hosts.onA.vm(guest.vm()).state()).isEqualTo(VmState.RUNNING);
        }
        restart(hosts.b);
        assertMoved(moveWhenKnown(guest, "host-b"));
        hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
    }

    private static void restart(LabHost host) {
        host.killHostd();
        host.launchHostd(TwoHosts.DIST);
    }

    @Test
    void aTargetThatHasAnotherVmOfTheNameRefusesInReserveAndSaysWhich() throws Exception {
        Guest guest = hosts.vm();
        String name = hosts.onA.vm(guest.vm()).name();
        assertThatThrownBy(() -> hosts.onB.createVm(new CreateVm(name, hosts.image, 1, TwoHosts.MEMORY_MIB, DISK_MIB)))
                .hasMessageContaining("There is a VM \"" + name + "\" in the fleet");
        assertThat(hosts.both.vms()).hasSize(1);
        // A fleet store that was set back to an older day has forgotten the VM, and another takes its name.
        try (FleetStore store = hosts.fleetStore()) {
            store.delete(guest.vm(), "host-a", 1);
        }
        String other = hosts.onB
                .createVm(new CreateVm(name, hosts.image, 1, TwoHosts.MEMORY_MIB, DISK_MIB))
                .id();
        new Guest(hosts.onB, other).awaitRunning();
        Move refused = TwoHosts.ended(hosts.onB, hosts.onB.move(other, "host-a"));
        assertThat(refused.state()).isEqualTo(MoveState.REFUSED);
        assertThat(refused.failure())
                .contains("host host-a has a VM " + name + " (" + guest.vm() + ") already; remove it there first");
        hosts.onA.deleteVm(guest.vm());
        assertMoved(TwoHosts.ended(hosts.onB, hosts.onB.move(other, "host-a")));
    }

    @Test
    void aGuestThatTurnsOnItsHostHarmsNeitherHostdNorAnotherGuest() throws Exception {
        Guest bystander = hosts.vm();
        hosts.startPages(bystander);
        Guest hostile = hosts.vm();
        hostile.put(HostileProgram.PATH, 0755, HostileProgram.compiled());
        int[] before = hosts.resources(hosts.a);
        long logged = Files.size(hosts.a.directory().resolve("hostd.log"));
        long verified = hosts.pagesVerified(bystander);
        String attack = hostile.start(ExecRequest.of(HostileProgram.PATH, "24", "20261124"));
        List<String> reasons = new ArrayList<>();
        Patience.waitFor("the hostile guest to have done with it", LIMIT, () -> {
            try {
                return Optional.of(hosts.onA.exec(hostile.vm(), attack))
                        .filter(exec -> Integer.valueOf(0).equals(exec.exit()));
            } catch (IOException reason) {
                reasons.add(String.valueOf(reason.getMessage()));
                return Optional.empty();
            }
        });
        assertThat(reasons)
                .allSatisfy(reason -> assertThat(reason).contains(hostile.vm()).doesNotContain("a mistake of its own"));
        assertThat(hosts.pagesVerified(bystander)).isGreaterThan(verified + 5000);
        assertThat(hostile.run("echo", "well")).isEqualTo("well\n");
        String log = hosts.a.logFrom(logged);
        assertThat(log).doesNotContain("Exception in thread", "a mistake of its own", "OutOfMemoryError");
        assertThat(log.length()).as("what a guest can make hostd log").isLessThan(100_000);
        awaitResources(hosts.a, before);
        assertMoved(TwoHosts.ended(hosts.onA, hosts.onA.move(hostile.vm(), "host-b")));
        assertThat(hostile.run("echo", "well")).isEqualTo("well\n");
        hosts.awaitPages(bystander, hosts.pagesVerified(bystander) + 2000);
    }

    private void awaitResources(LabHost host, int[] before) {
        Patience.waitFor(
                "hostd to let go of connections and threads",
                LIMIT,
                () -> Optional.of(hosts.resources(host))
                        .filter(now -> now[0] <= before[0] + 10 && now[1] <= before[1] + 20));
    }

    @Test
    void aRefusedRequestSaysWhatIsWrongAndLeavesNothing() throws Exception {
        assertThatThrownBy(() -> hosts.onA.createVm(new CreateVm("x", "no-such-image", 1, 256, 3072)))
                .hasMessageContaining("no image no-such-image");
        assertThatThrownBy(() -> hosts.onA.createVm(new CreateVm("x", hosts.image, 1, 256, 64)))
                .hasMessageContaining("does not hold image");
        assertThatThrownBy(() -> hosts.onA.createVm(new CreateVm("x", hosts.image, 1, 1_000_000, 3072)))
                .hasMessageContaining("MiB of memory");
        Guest guest = hosts.vm();
        String name = hosts.onA.vm(guest.vm()).name();
        assertThatThrownBy(() -> hosts.onB.createVm(new CreateVm(name, hosts.image, 2, 512, 3072)))
                .hasMessageContaining(name);
        assertThatThrownBy(() -> hosts.onA.move(guest.vm(), "host-z")).hasMessageContaining("host-z");
        assertThat(hosts.both.vms()).hasSize(1);
    }

    @Test
    void garbageOnEverySocketHarmsNothing() throws Exception {
        Guest guest = hosts.vm();
        hosts.startPages(guest);
        int[] before = hosts.resources(hosts.a);
        Random random = new Random(20261124);
        Path run = hosts.a.path("/run/godwit-host/state/run/" + guest.vm());
        for (int i = 0; i < GARBAGE_STREAMS; i++) {
            byte[] noise = new byte[1 + random.nextInt(5000)];
            random.nextBytes(noise);
            throwAt(hosts.a.address().restEndpoint(), noise);
            throwAt(run.resolve("nbd.sock"), noise);
        }
        String peerPort = hosts.a.address().peerEndpoint().replace(':', '/');
        hosts.b
                .machine()
                .run(
                        "bash",
                        "-c",
                        "for i in $(seq 30); do head -c $((i * 100)) /dev/urandom >/dev/tcp/" + peerPort
                                + " || exit 1; done");
        hosts.awaitPages(guest, hosts.pagesVerified(guest) + 2000);
        assertThat(guest.run("sh", "-c", "dd if=/dev/zero of=/root/z bs=1M count=4 conv=fsync 2>&1"))
                .contains("copied");
        awaitResources(hosts.a, before);
        assertMoved(TwoHosts.ended(hosts.onA, hosts.onA.move(guest.vm(), "host-b")));
    }

    private static void throwAt(String hostAndPort, byte[] noise) throws IOException {
        int colon = hostAndPort.lastIndexOf(':');
        try (Socket socket = new Socket()) {
            socket.connect(
                    new InetSocketAddress(
                            hostAndPort.substring(0, colon), Integer.parseInt(hostAndPort.substring(colon + 1))),
                    5000);
            socket.getOutputStream().write(noise);
        }
    }

    private static void throwAt(Path unixSocket, byte[] noise) throws IOException {
        try (SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(unixSocket))) {
            socket.write(ByteBuffer.wrap(noise));
        }
    }

    private static void assertMoved(Move move) {
        assertThat(move.state()).as(move.toString()).isIn(MOVED);
    }

    private void awaitState(String moveId, MoveState state) {
        Patience.waitFor("move " + moveId + " to come into " + state, LIMIT, () -> {
            try {
                return Optional.of(hosts.onA.moveRecord(moveId))
                        .filter(move -> move.states().stream().anyMatch(step -> step.state() == state));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    private Move moveWhenKnown(Guest guest, String target) {
        return moveWhenKnown(hosts.onA, guest, target);
    }

    /** Moves once the host that was restarted is known to the fleet again, and an earlier move is over at both ends. */
    private static Move moveWhenKnown(GodwitClient source, Guest guest, String target) {
        String moveId = Patience.waitFor("host " + target + " to take the VM", LIMIT, () -> {
            try {
                return Optional.of(source.move(guest.vm(), target));
            } catch (IOException e) {
                return Optional.empty(); // the host is not known or the guest not taken back yet; Patience says so
            }
        });
        return TwoHosts.ended(source, moveId);
    }
}

package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.api.CreateVm;
import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.client.EventStream;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.RequestFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a CI plugin relies on: keys, leases and labels, on real hosts with real guests. Needs root. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class CallersTest extends TwoHostsTest {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int CALLERS = 12;
    private static final int LEASE_SECONDS = 10;
    /** A host's lease has ended after 10 s, and its VMs are lost 10 s later if it did not say that it is away. */
    private static final Duration STOPPED = Duration.ofSeconds(35);

    private CreateVm keyed(String name, String key, @Nullable Integer leaseSeconds) {
        return new CreateVm(
                name,
                hosts.image,
                1,
                TwoHosts.MEMORY_MIB,
                TwoHosts.DISK_MIB,
                "ci-main",
                key,
                Map.of("job", key),
                leaseSeconds);
    }

    @Test
    void oneKeyAskedForByManyCallersAtBothHostsMakesOneVm() throws Exception {
        CreateVm wanted = keyed("keyed", "job-1", null);
        Set<String> ids = new TreeSet<>();
        try (ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
            List<Callable<Vm>> calls = new ArrayList<>();
            for (int caller = 0; caller < CALLERS; caller++) {
                GodwitClient client = caller % 2 == 0 ? hosts.onA : hosts.onB;
                calls.add(() -> client.createVm(wanted));
            }
            for (Future<Vm> made : callers.invokeAll(calls, LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                ids.add(made.get().id());
            }
        }
        assertThat(ids).hasSize(1);
        assertThat(hosts.both.vms("ci-main", Map.of("job", "job-1"))).hasSize(1);
        assertThatThrownBy(() -> hosts.onA.createVm(new CreateVm(
                        "keyed",
                        hosts.image,
                        2,
                        TwoHosts.MEMORY_MIB,
                        TwoHosts.DISK_MIB,
                        "ci-main",
                        "job-1",
                        Map.of(),
                        null)))
                .isInstanceOfSatisfying(
                        RequestFailed.class, e -> assertThat(e.code()).isEqualTo(ProblemCode.CONFLICT))
                .hasMessageContaining("another key");
    }

    @Test
    void aVmWhoseVmmDiesWhileItsGuestBootsIsLostWithThatCause() throws Exception {
        Vm vm = hosts.onA.createVm(keyed("stillborn", "job-4", null));
        assertThat(vm.state()).isEqualTo(VmState.CREATING);
        try (EventStream events = hosts.onA.events()) {
            hosts.signalVmm(hosts.a, vm.id(), "KILL");
            Event event = events.next();
            while (event.type() != EventType.LOST || !event.vm().equals(vm.id())) {
                event = events.next();
            }
            assertThat(event.detail()).contains("The VMM of VM stillborn ended without having been told to");
        }
        assertThat(hosts.both.vm(vm.id()).state()).isEqualTo(VmState.LOST);
        hosts.onA.deleteVm(vm.id());
        assertThat(hosts.both.vms()).extracting(Vm::id).doesNotContain(vm.id());
    }

    @Test
    void aHostdThatIsStoppedInOrderForLongerThanItsLeaseLosesNoVm() throws Exception {
        Guest guest = hosts.vm();
        hosts.a.stopHostd();
        try {
            Patience.pause(STOPPED);
            Vm meanwhile = hosts.onB.vm(guest.vm());
            assertThat(meanwhile.state()).isEqualTo(VmState.UNKNOWN);
        } finally {
            hosts.a.launchHostd(TwoHosts.DIST);
        }
        assertThat(hosts.onB.vm(guest.vm()).state()).isEqualTo(VmState.RUNNING);
        // QEMU looks for its disk each 16 s by now.
        assertThat(Patience.waitFor("the guest's disk", LIMIT, () -> written(guest)))
                .isEqualTo("here");
    }

    private static Optional<String> written(Guest guest) {
        try {
            return Optional.of(guest.run("sh", "-c", "echo here > /root/f && sync && cat /root/f")
                    .strip());
        } catch (IOException e) {
            return Optional.empty(); // the command does not start before the disk is there
        }
    }

    @Test
    void aRenewedVmLivesOnThroughAMoveAndOneWhoseCallerIsGoneIsEnded() throws Exception {
        Vm vm = hosts.onA.createVm(keyed("leased", "job-2", LEASE_SECONDS));
        Instant firstEnd = Optional.ofNullable(vm.leaseEndsAt()).orElseThrow();
        Guest guest = new Guest(hosts.both, vm.id());
        try (ExecutorService renewing = Executors.newSingleThreadExecutor()) {
            Future<?> renewals = renewing.submit(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                    hosts.onB.renewLease(vm.id(), null);
                    TimeUnit.SECONDS.sleep(2);
                }
                return null;
            });
            guest.awaitRunning();
            TwoHosts.ended(hosts.onA, hosts.onA.move(vm.id(), "host-b"));
            Patience.waitFor(
                    "the first lease to be over",
                    LIMIT,
                    () -> Instant.now().isAfter(firstEnd.plusSeconds(2)) ? Optional.of(true) : Optional.empty());
            assertThat(hosts.both.vm(vm.id()).host()).isEqualTo("host-b");
            renewals.cancel(true);
        }
        Patience.waitFor("the VM whose lease ran out to be ended", LIMIT, () -> isGone(vm.id()));
        Path left = hosts.b.directory().resolve("state/vms").resolve(vm.id());
        Patience.waitFor("its files to go", LIMIT, () -> Files.exists(left) ? Optional.empty() : Optional.of(true));
        Vm again = hosts.onA.createVm(keyed("leased", "job-2", null));
        assertThat(again.id()).isEqualTo(vm.id());
    }

    private Optional<Boolean> isGone(String vm) {
        try {
            hosts.both.vm(vm);
            return Optional.empty();
        } catch (RequestFailed e) {
            return e.code() == ProblemCode.NOT_FOUND ? Optional.of(true) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // a host that is asked again says more
        }
    }
}

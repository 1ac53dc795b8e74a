package dev.godwit.lab;

import dev.godwit.api.ProblemCode;
import dev.godwit.client.RequestFailed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** Two hosts for all tests of a class, and none of its VMs left after any. Needs root. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TwoHostsTest {
    private static final Duration REMOVED_WITHIN = Duration.ofMinutes(1);

    TwoHosts hosts;

    @BeforeAll
    void twoHosts() throws IOException {
        Assumptions.assumeTrue(LabNetwork.isPrivate(), "no network namespace of its own: needs root");
        hosts = open();
    }

    TwoHosts open() throws IOException {
        return new TwoHosts();
    }

    @AfterAll
    void end() {
        if (hosts != null) {
            hosts.close();
        }
    }

    @AfterEach
    void noVmIsLeft() throws IOException {
        for (var vm : hosts.both.vms()) {
            Patience.waitFor("vm " + vm.id() + " to be removed", REMOVED_WITHIN, () -> isRemoved(vm.id()));
        }
    }

    /** The end of a move that hears of it last lets nobody remove the VM for a moment more. */
    private Optional<Boolean> isRemoved(String vm) {
        try {
            hosts.both.deleteVm(vm);
            return Optional.of(true);
        } catch (RequestFailed e) {
            if (e.code() == ProblemCode.MOVE_RUNNING) {
                return Optional.empty();
            }
            throw new UncheckedIOException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

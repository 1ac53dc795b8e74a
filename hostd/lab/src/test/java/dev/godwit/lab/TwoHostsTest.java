package dev.godwit.lab;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** Two hosts for all tests of a class, and none of its VMs left after any. Needs root. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TwoHostsTest {
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
            hosts.both.deleteVm(vm.id());
        }
    }
}

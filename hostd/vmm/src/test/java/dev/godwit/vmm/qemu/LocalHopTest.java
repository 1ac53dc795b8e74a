package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.Vmm.Status;
import dev.godwit.vmm.VmmSpec;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A whole move between two QEMUs on this machine, driven as hostd drives it, without the wire. */
class LocalHopTest {
    private static final Logger LOG = LoggerFactory.getLogger(LocalHopTest.class);
    private static final int HOPS = 8;

    @Test
    void aCountingGuestGoesOnElsewhereWithEveryPage() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm source = host.startCounting(1);
            VmmSpec from = host.spec(1, false);
            List<Hop> hops = new ArrayList<>();
            for (int i = 2; i < 2 + HOPS; i++) {
                VmmSpec to = host.spec(i, true);
                Vmm target = host.start(to);
                assertThat(target.cpuFeatures()).isEqualTo(source.cpuFeatures()).contains("sse4-2", "vendor=");
                Hop hop = new Hop();
                hop.run(source, target, from, to);
                LOG.info("hop {}: {}", i - 1, hop);
                hops.add(hop);
                assertThat(source.status()).isEqualTo(Status.SAVED);
                TestHost.awaitCountingFrom(target, hop.counterAtPause);
                assertThat(CountingGuest.errors(target.memory())).isZero();
                assertThat(Files.readString(target.consoleLog())).doesNotContain("E");
                source.end(TestHost.GRACE);
                host.assertNothingLeft(from);
                source = target;
                from = to;
            }
            LOG.info(
                    "blackout ms: {}",
                    hops.stream().map(hop -> hop.blackout() / 1000 / 1000.0).toList());
        }
    }

    @Test
    void theSegmentHearsOfTheMoveWhenItIsAnnouncedAndNotBefore() throws Exception {
        try (TestHost host = new TestHost();
                TestTap one = new TestTap("gwqt1");
                TestTap two = new TestTap("gwqt2")) {
            VmmSpec from = withTap(host, 1, false, one);
            VmmSpec to = withTap(host, 2, true, two);
            Vmm source = host.start(from);
            TestHost.awaitCounting(source);
            Vmm target = host.start(to);
            Hop hop = new Hop();
            hop.run(source, target, from, to);
            TestHost.awaitCountingFrom(target, hop.counterAtPause + 1000);
            assertThat(two.framesFromGuest()).isZero();
            target.announce();
            Awaitility.await().atMost(TestHost.SOON).until(() -> two.framesFromGuest() >= 5);
        }
    }

    private static VmmSpec withTap(TestHost host, int number, boolean incoming, TestTap tap) {
        return host.spec(
                number,
                incoming,
                1,
                96,
                host.directory.resolve("counting"),
                host.directory.resolve("empty"),
                new VmmSpec.TapSpec(tap.name(), "02:67:77:00:00:01"));
    }

    @Test
    void theSourceRunsOnWhenTheTargetIsGivenUp() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm source = host.startCounting(1);
            Vmm target = host.start(host.spec(2, true));
            Hop hop = new Hop();
            hop.untilLoaded(source, target, host.spec(1, false), host.spec(2, true));
            target.end(TestHost.GRACE);
            source.resume();
            TestHost.awaitCountingFrom(source, hop.counterAtPause);
            assertThat(CountingGuest.errors(source.memory())).isZero();
        }
    }
}

package dev.godwit.jenkins.broker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.client.Endpoint;
import dev.godwit.daemon.MemoryFleet;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Caps hold, whoever asks at the same time. */
class CapsTest {
    private static final int REQUESTS = 200;
    private static final int CAP = 50;

    @TempDir
    Path directory;

    @Test
    void twoHundredRequestsAtOnceNeverMakeMoreThanFiftyVmsAndNoneIsLost() throws Exception {
        try (MemoryFleet fleet = new MemoryFleet(directory);
                MemoryBroker own =
                        MemoryBroker.open("controller-1", fleet.start("host-a")).ready();
                ExecutorService builds = Executors.newCachedThreadPool()) {
            Set<String> served = ConcurrentHashMap.newKeySet();
            AtomicInteger most = new AtomicInteger();
            List<Callable<Void>> requests = Stream.<Callable<Void>>generate(() -> () -> {
                        String node = awaitNode(own);
                        own.start(node);
                        own.broker.connected(node);
                        served.add(node);
                        most.accumulateAndGet(own.broker.agents().size(), Math::max);
                        own.terminate(node);
                        return null;
                    })
                    .limit(REQUESTS)
                    .toList();
            for (Future<Void> each : builds.invokeAll(requests)) {
                each.get();
            }
            assertThat(served).hasSize(REQUESTS);
            assertThat(fleet.vmsMost()).isBetween(2, CAP);
            assertThat(most.get()).isLessThanOrEqualTo(CAP);
            own.awaitNoAgents();
            assertThat(fleet.vms()).isEmpty();
        }
    }

    /** A build waits in the queue until there is room. */
    private static String awaitNode(MemoryBroker own) throws InterruptedException {
        int seen = own.events.timesAvailable();
        List<Reservation> taken = own.broker.reserve(any -> true, 1);
        while (taken.isEmpty()) {
            seen = own.events.awaitAvailable(seen);
            taken = own.broker.reserve(any -> true, 1);
        }
        own.nodes.add(taken.get(0).node());
        return taken.get(0).node();
    }

    @Test
    void theCapsOfCloudAndTemplateBothHoldAndExecutorsCount() throws Exception {
        AgentTemplate wide = AgentTemplate.named("wide", "debian-ci")
                .labels(Set.of("c"))
                .executors(4)
                .instanceCap(2)
                .build();
        AgentTemplate slim = AgentTemplate.named("slim", "debian-ci")
                .labels(Set.of("c"))
                .instanceCap(100)
                .build();
        try (MemoryFleet fleet = new MemoryFleet(directory)) {
            Endpoint host = fleet.start("host-a");
            try (MemoryBroker own =
                    MemoryBroker.open("controller-1", List.of(wide, slim), host).ready()) {
                List<Reservation> taken =
                        own.broker.reserve(template -> template.labels().contains("c"), 10);
                assertThat(taken)
                        .extracting(Reservation::agentTemplate)
                        .containsExactly("wide", "wide", "slim", "slim");
                assertThat(own.broker.reserve(template -> template.name().equals("wide"), 1))
                        .isEmpty();
                assertThat(own.broker.canReserve(template -> template.name().equals("wide")))
                        .isFalse();
                assertThat(own.broker.reserve(any -> true, 1000)).hasSize(CAP - 4);
                own.broker.release(taken.get(0).node());
                assertThat(own.broker.reserve(any -> true, 1000))
                        .extracting(Reservation::agentTemplate)
                        .containsExactly("wide");
            }
        }
    }
}

package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.TrafficRule;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProjectNetworksTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final NetworkSettings CLOSED =
            new NetworkSettings(List.of(), List.of(new TrafficRule("10.0.0.0/8", null, null)), List.of(), null, null);

    @TempDir
    Path directory;

    private final List<Network> followed = new CopyOnWriteArrayList<>();

    private ProjectNetworks follow(FleetStore store, ProjectNetworks.Follower follower) throws IOException {
        ProjectNetworks here = new ProjectNetworks(
                new Networks(store), store.documents(), directory.resolve("networks.json"), follower);
        here.start();
        return here;
    }

    private FleetStore store() throws Exception {
        return SqliteFleetStore.open(directory.resolve("fleet.db"), System::nanoTime);
    }

    private static Network put(FleetStore store, String project, NetworkSettings settings) {
        return new Networks(store).put(project, settings, OptionalLong.empty()).network();
    }

    @Test
    void aChangeIsFollowedWithoutARestart() throws Exception {
        try (FleetStore store = store();
                ProjectNetworks here = follow(store, followed::add)) {
            await().atMost(SOON).until(() -> followed.contains(NetworkDocument.DEFAULT));
            Network made = put(store, "web", NetworkSettings.STANDARD);
            Network changed = put(store, "web", CLOSED);
            await().atMost(SOON).until(() -> followed.contains(changed));
            assertThat(here.of("web")).isEqualTo(changed);
            assertThat(changed.vni()).isEqualTo(made.vni());
            Network closed = put(store, "default", CLOSED);
            await().atMost(SOON).until(() -> followed.contains(closed));
            new Networks(store).delete("default", OptionalLong.of(closed.revision()));
            await().atMost(SOON).until(() -> followed.getLast().equals(NetworkDocument.DEFAULT));
        }
    }

    @Test
    void whatCouldNotBeAppliedIsAppliedLater() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        try (FleetStore store = store();
                ProjectNetworks here = follow(store, network -> {
                    if (network.project().equals("web") && tries.incrementAndGet() < 3) {
                        throw new IOException("no memory for the map");
                    }
                    followed.add(network);
                })) {
            Network made = put(store, "web", CLOSED);
            await().atMost(SOON).until(() -> followed.contains(made));
            assertThat(tries).hasValue(3);
            assertThat(here.of("web")).isEqualTo(made);
        }
    }

    @Test
    void aHostThatStartsWithoutTheStoreKnowsWhatTheOneBeforeKnew() throws Exception {
        Network made;
        try (FleetStore store = store();
                ProjectNetworks here = follow(store, followed::add)) {
            made = put(store, "web", CLOSED);
            await().atMost(SOON).until(() -> followed.contains(made));
        }
        try (LocalVms away = new LocalVms(directory.resolve("away"))) {
            away.storeAway = true;
            ProjectNetworks here = new ProjectNetworks(
                    new Networks(away.store),
                    away.store.documents(),
                    directory.resolve("networks.json"),
                    network -> {});
            assertThat(here.of("web")).isEqualTo(made);
            assertThatExceptionOfType(Unavailable.class).isThrownBy(() -> here.of("other"));
        }
    }

    @Test
    void whatIsKnownFromOneVmIsAppliedToTheOthersOfItsProjectAndKept() throws Exception {
        Network made;
        try (FleetStore store = store();
                ProjectNetworks here = new ProjectNetworks(
                        new Networks(store), store.documents(), directory.resolve("networks.json"), followed::add)) {
            made = put(store, "web", CLOSED);
            assertThat(here.of("web")).isEqualTo(made);
            here.start();
            await().atMost(SOON).until(() -> followed.contains(made));
        }
        assertThat(Files.readString(directory.resolve("networks.json"))).contains("web");
    }

    @Test
    void whatIsKnownIsAppliedWhileTheStoreIsAway() throws Exception {
        try (LocalVms local = new LocalVms(directory.resolve("away"));
                ProjectNetworks here = new ProjectNetworks(
                        new Networks(local.store),
                        local.store.documents(),
                        directory.resolve("networks.json"),
                        followed::add)) {
            Network made = put(local.store, "web", CLOSED);
            assertThat(here.of("web")).isEqualTo(made);
            local.storeAway = true;
            here.start();
            await().atMost(SOON).until(() -> followed.contains(made));
        }
    }

    @Test
    void aKeptFileThatIsNoneIsNotUsed() throws Exception {
        Files.writeString(directory.resolve("networks.json"), "{\"networks\":[{\"project\":\"A B\"}]}");
        try (FleetStore store = store();
                ProjectNetworks here = follow(store, followed::add)) {
            assertThat(here.of("default")).isEqualTo(NetworkDocument.DEFAULT);
        }
    }
}

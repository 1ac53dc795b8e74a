package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.godwit.api.CreateVm;
import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.TrafficRule;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NetworksTest {
    private static final NetworkSettings CLOSED = new NetworkSettings(
            List.of(), List.of(new TrafficRule("10.0.0.0/8", null, null)), List.of(), null, "10.80.0.0/24");

    private FleetStore store;
    private Networks networks;

    @BeforeEach
    void open() throws Exception {
        store = SqliteFleetStore.open(Path.of(":memory:"), System::nanoTime);
        networks = new Networks(store);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private Network made(String project) {
        return networks.put(project, NetworkSettings.STANDARD, OptionalLong.empty())
                .network();
    }

    private void vm(String id, @Nullable String project) throws Exception {
        CreateVm request = new CreateVm(id, "tiny", 1, 512, 1024, null, null, null, null, project);
        store.create(new NewOwnership(id, id, "host-a", "", Json.line(request)));
    }

    @Test
    void theDefaultNetworkIsThereBeforeAnybodyMakesIt() {
        assertThat(networks.all()).containsExactly(NetworkDocument.DEFAULT);
        assertThat(networks.of("default").vni()).isEqualTo(1);
        assertThat(networks.of("default").revision()).isZero();
    }

    @Test
    void theDefaultNetworkKeepsItsNumberWhenItIsChangedAndIsThereAfterItsRemoval() {
        Network changed = networks.put("default", CLOSED, OptionalLong.of(0)).network();
        assertThat(changed.vni()).isEqualTo(1);
        assertThat(changed.deny()).hasSize(1);
        networks.delete("default", OptionalLong.empty());
        assertThat(networks.of("default")).isEqualTo(NetworkDocument.DEFAULT);
        assertThatExceptionOfType(NotFound.class)
                .isThrownBy(() -> networks.delete("default", OptionalLong.empty()))
                .withMessageContaining("as it was at first");
    }

    @Test
    void eachProjectHasANumberOfItsOwnForGood() {
        Network web = made("web");
        Network db = made("db");
        assertThat(List.of(web.vni(), db.vni())).containsExactly(2, 3);
        Network changed =
                networks.put("web", CLOSED, OptionalLong.of(web.revision())).network();
        assertThat(changed.vni()).isEqualTo(2);
        assertThat(changed.revision()).isNotEqualTo(web.revision());
        assertThat(networks.of("web")).isEqualTo(changed);
        assertThat(networks.all()).extracting(Network::project).containsExactly("db", "default", "web");
    }

    @Test
    void aChangeOfWhatSomebodyElseChangedIsRefused() {
        Network web = made("web");
        Network newer = networks.put("web", CLOSED, OptionalLong.empty()).network();
        assertThatExceptionOfType(Changed.class)
                .isThrownBy(() -> networks.put("web", NetworkSettings.STANDARD, OptionalLong.of(web.revision())))
                .withMessageContaining("revision " + newer.revision());
        assertThatExceptionOfType(Changed.class)
                .isThrownBy(() -> networks.put("web", NetworkSettings.STANDARD, OptionalLong.of(0)));
        assertThatExceptionOfType(Changed.class)
                .isThrownBy(() -> networks.delete("web", OptionalLong.of(web.revision())));
        assertThat(networks.of("web")).isEqualTo(newer);
    }

    @Test
    void manyWhoMakeNetworksAtOnceGetDifferentNumbersAndOneProjectGetsOne() throws Exception {
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
        try {
            List<Future<Network>> made = IntStream.range(0, 24)
                    .mapToObj(i -> callers.submit(() -> new Networks(store)
                            .put("p" + i / 2, NetworkSettings.STANDARD, OptionalLong.empty())
                            .network()))
                    .toList();
            for (Future<Network> one : made) {
                one.get(30, TimeUnit.SECONDS);
            }
        } finally {
            callers.shutdownNow();
        }
        assertThat(networks.all()).hasSize(13);
        assertThat(networks.all()).extracting(Network::vni).doesNotHaveDuplicates();
        assertThat(store.documents().list("vni"))
                .as("claims that no network has were given back")
                .hasSize(12);
    }

    @Test
    void anUnknownProjectIsNotFoundAndAVmInItIsRefused() {
        assertThatExceptionOfType(NotFound.class)
                .isThrownBy(() -> networks.of("web"))
                .withMessageContaining("net list");
        assertThatExceptionOfType(Refused.class)
                .isThrownBy(() -> networks.forVm("web"))
                .withMessageContaining("'godwit net create web'");
        assertThatExceptionOfType(NotFound.class).isThrownBy(() -> networks.delete("web", OptionalLong.empty()));
        for (String bad : new String[] {"", "A", "a/b", "-a", "a".repeat(64)}) {
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> networks.find(bad));
        }
    }

    @Test
    void aNetworkWithVmsStaysAndOneWithoutIsRemovedWithItsNumber() throws Exception {
        Network web = made("web");
        vm("vm1", "web");
        vm("vm2", null);
        assertThatExceptionOfType(Conflict.class)
                .isThrownBy(() -> networks.delete("web", OptionalLong.empty()))
                .withMessageContaining("1 VM (vm1)");
        store.delete("vm1", "host-a", 1);
        networks.delete("web", OptionalLong.of(web.revision()));
        assertThat(networks.find("web")).isEmpty();
        assertThat(made("db").vni()).as("the number is free again").isEqualTo(web.vni());
    }

    @Test
    void aClaimThatAHostLeftWhenItDiedIsUsedByItsProjectAndNotGivenBackByALateRemoval() throws Exception {
        NetworkNumbers numbers = new NetworkNumbers(store.documents());
        NetworkNumbers.Claim left = numbers.claim("web");
        assertThat(made("db").vni()).isEqualTo(left.vni() + 1);
        assertThat(made("web").vni()).isEqualTo(left.vni());
        numbers.giveBack(left);
        assertThat(numbers.claimOf("web")).map(NetworkNumbers.Claim::vni).contains(left.vni());
    }

    @Test
    void aDocumentOfAnotherVersionIsToldAsSuch() throws Exception {
        store.documents().put("network", "web", FleetDocuments.ABSENT, "{\"version\":2,\"planet\":\"mars\"}");
        assertThatExceptionOfType(UncheckedIOException.class)
                .isThrownBy(() -> networks.of("web"))
                .withMessageContaining("network web")
                .withMessageContaining("planet");
    }
}

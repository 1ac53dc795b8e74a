package dev.godwit.fleet.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.godwit.fleet.DocumentChange;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetDocumentsContract;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.Watch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EtcdDocumentsTest extends FleetDocumentsContract {
    private static final Duration QUICK = Duration.ofSeconds(2);
    private static final long ABSENT = FleetDocuments.ABSENT;

    @TempDir
    static Path directory;

    static EtcdProcess etcd;

    @BeforeAll
    static void startEtcd() throws Exception {
        etcd = EtcdProcess.start(directory);
    }

    @AfterAll
    static void stopEtcd() {
        etcd.close();
    }

    @AfterEach
    void empty() throws Exception {
        etcd.empty();
    }

    @Override
    protected FleetStore open() {
        return EtcdFleetStore.open(List.of(etcd.endpoint()), System::nanoTime, QUICK);
    }

    @Test
    void aWriteWhoseAnswerIsLostIsUnknownHappenedOnceAndIsSeenByReading() throws Exception {
        try (LossyWire wire = new LossyWire(etcd.clientPort());
                FleetStore far = EtcdFleetStore.open(List.of(wire.endpoint()), System::nanoTime, QUICK)) {
            FleetDocument made = far.documents().put("network", "web", ABSENT, "1");
            wire.swallowAnswers(true);
            assertThatExceptionOfType(OutcomeUnknown.class)
                    .isThrownBy(() -> far.documents().put("network", "web", made.revision(), "2"))
                    .withMessageContaining("network web");
            await().atMost(SOON)
                    .until(() -> documents.read("network", "web").orElseThrow().json(), "2"::equals);
            assertThatExceptionOfType(FleetStoreUnavailable.class)
                    .isThrownBy(() -> far.documents().read("network", "web"));
        }
    }

    @Test
    void aWatchListsAgainAfterAGapAndTellsWhatItMissed() throws Exception {
        FleetDocument kept = documents.put("network", "kept", ABSENT, "1");
        FleetDocument gone = documents.put("network", "gone", ABSENT, "1");
        List<DocumentChange> heard = new CopyOnWriteArrayList<>();
        try (LossyWire wire = new LossyWire(etcd.clientPort());
                FleetStore far = EtcdFleetStore.open(List.of(wire.endpoint()), System::nanoTime, QUICK);
                Watch watch = far.documents().watch("network", heard::add)) {
            wire.swallowAnswers(true);
            FleetDocument changed = documents.put("network", "kept", kept.revision(), "2");
            FleetDocument made = documents.put("network", "made", ABSENT, "1");
            documents.delete("network", "gone", gone.revision());
            wire.cut();
            wire.swallowAnswers(false);
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> heard.containsAll(List.of(
                            new DocumentChange(changed, false),
                            new DocumentChange(made, false),
                            new DocumentChange(gone, true))));
            assertThat(heard).hasSize(3);
        }
    }

    @Test
    void hostsSeeEachOthersDocuments() throws Exception {
        try (FleetStore other = open()) {
            List<DocumentChange> heard = new CopyOnWriteArrayList<>();
            other.documents().watch("network", heard::add);
            FleetDocument made = documents.put("network", "web", ABSENT, "1");
            assertThat(other.documents().read("network", "web")).contains(made);
            await().atMost(SOON).until(() -> heard.contains(new DocumentChange(made, false)));
        }
    }
}

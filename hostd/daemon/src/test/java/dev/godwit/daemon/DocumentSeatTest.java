package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.edge.EdgeSeat;
import dev.godwit.fleet.DocumentChange;
import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.Watch;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The edges' seat in a real store; each edge has a clock of its own, which no other one is compared with. */
class DocumentSeatTest {
    private static final Duration TTL = Duration.ofSeconds(3);

    @TempDir
    Path folder;

    private SqliteFleetStore store;
    private DoubtfulDocuments documents;
    private long clockA = 5_000_000_000L;
    private long clockB = 900_000_000_000L;
    private EdgeSeat a;
    private EdgeSeat b;

    @BeforeEach
    void open() throws Exception {
        store = SqliteFleetStore.open(folder.resolve("fleet.db"), System::nanoTime);
        documents = new DoubtfulDocuments(store.documents());
        a = new DocumentSeat(documents, () -> clockA);
        b = new DocumentSeat(documents, () -> clockB);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void pass(Duration time) {
        clockA += time.toNanos();
        clockB += time.toNanos();
    }

    /** Writes, and then says that it does not know whether it did. */
    private static final class DoubtfulDocuments implements FleetDocuments {
        private final FleetDocuments real;
        boolean doubtful;

        DoubtfulDocuments(FleetDocuments real) {
            this.real = real;
        }

        @Override
        public Optional<FleetDocument> read(String kind, String name) throws FleetStoreUnavailable {
            return real.read(kind, name);
        }

        @Override
        public List<FleetDocument> list(String kind) throws FleetStoreUnavailable {
            return real.list(kind);
        }

        @Override
        public FleetDocument put(String kind, String name, long expectedRevision, String json)
                throws DocumentConflict, OutcomeUnknown, FleetStoreUnavailable {
            FleetDocument written = real.put(kind, name, expectedRevision, json);
            if (doubtful) {
                throw new OutcomeUnknown("cannot say whether it was written", new IOException("no answer"));
            }
            return written;
        }

        @Override
        public void delete(String kind, String name, long expectedRevision)
                throws DocumentConflict, OutcomeUnknown, FleetStoreUnavailable {
            real.delete(kind, name, expectedRevision);
        }

        @Override
        public Watch watch(String kind, Consumer<DocumentChange> consumer) throws FleetStoreUnavailable {
            return real.watch(kind, consumer);
        }
    }

    @Test
    void aSeatThatIsRenewedIsNeverTakenAndOneThatIsNotIsTakenAfterTheWholeTime() throws IOException {
        assertThat(a.take("edge-a", TTL)).contains(new EdgeSeat.Taken(1, ""));
        for (int i = 0; i < 20; i++) {
            pass(Duration.ofSeconds(1));
            assertThat(a.renew("edge-a", 1, TTL)).isTrue();
            assertThat(b.take("edge-b", TTL)).isEmpty();
        }
        pass(Duration.ofMillis(2999));
        assertThat(b.take("edge-b", TTL)).isEmpty();
        pass(Duration.ofMillis(1));
        assertThat(b.take("edge-b", TTL)).contains(new EdgeSeat.Taken(2, "edge-a"));
        assertThat(a.renew("edge-a", 1, TTL)).isFalse();
        assertThat(a.take("edge-a", TTL)).isEmpty();
    }

    @Test
    void whoLooksForTheFirstTimeWaitsTheWholeTimeFromThen() throws IOException {
        a.take("edge-a", TTL);
        pass(Duration.ofHours(1));
        assertThat(b.take("edge-b", TTL)).isEmpty();
        pass(TTL);
        assertThat(b.take("edge-b", TTL)).isPresent();
    }

    @Test
    void aSeatThatWasLeftOrIsOnesOwnIsTakenAtOnce() throws IOException {
        a.take("edge-a", TTL);
        assertThat(new DocumentSeat(documents, () -> clockA).take("edge-a", TTL))
                .contains(new EdgeSeat.Taken(2, "edge-a"));
        a.leave("edge-a", 1);
        assertThat(b.take("edge-b", TTL)).as("an old fence frees nothing").isEmpty();
        a.leave("edge-a", 2);
        assertThat(b.take("edge-b", TTL)).contains(new EdgeSeat.Taken(3, "edge-a"));
    }

    @Test
    void aRenewalWhoseAnswerWasMissingIsFoundByTheNext() throws IOException {
        a.take("edge-a", TTL);
        documents.doubtful = true;
        assertThatThrownBy(() -> a.renew("edge-a", 1, TTL)).hasMessageContaining("cannot say");
        documents.doubtful = false;
        assertThat(a.renew("edge-a", 1, TTL)).isTrue();
        assertThat(a.renew("edge-a", 1, TTL)).isTrue();
    }

    @Test
    void aDocumentThatIsNoSeatIsAnErrorThatLeavesItAlone() throws Exception {
        store.documents().put(DocumentSeat.KIND, DocumentSeat.NAME, 0, "\"garbage\"");
        assertThatThrownBy(() -> a.take("edge-a", TTL)).isInstanceOf(IOException.class);
        assertThat(store.documents()
                        .read(DocumentSeat.KIND, DocumentSeat.NAME)
                        .orElseThrow()
                        .json())
                .isEqualTo("\"garbage\"");
    }

    @Test
    void aRenewalThatComesAfterTheSeatWasLeftDoesNotTakeItBack() throws Exception {
        long fence = a.take("edge-a", TTL).orElseThrow().fence();
        a.leave("edge-a", fence);
        assertThat(a.renew("edge-a", fence, TTL)).isFalse();
        assertThat(b.take("edge-b", TTL)).isPresent();
    }
}

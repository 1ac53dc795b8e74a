package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.edge.EdgeSeat;
import dev.godwit.fleet.Document;
import dev.godwit.fleet.DocumentChanged;
import dev.godwit.fleet.Documents;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
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
    private static final class DoubtfulDocuments implements Documents {
        private final Documents real;
        boolean doubtful;

        DoubtfulDocuments(Documents real) {
            this.real = real;
        }

        @Override
        public Optional<Document> read(String key) throws FleetStoreUnavailable {
            return real.read(key);
        }

        @Override
        public List<Document> list(String prefix) throws FleetStoreUnavailable {
            return real.list(prefix);
        }

        @Override
        public Document write(String key, long expectedRevision, String text)
                throws DocumentChanged, OutcomeUnknown, FleetStoreUnavailable {
            Document written = real.write(key, expectedRevision, text);
            if (doubtful) {
                throw new OutcomeUnknown("cannot say whether it was written", new IOException("no answer"));
            }
            return written;
        }

        @Override
        public void remove(String key, long expectedRevision)
                throws DocumentChanged, OutcomeUnknown, FleetStoreUnavailable {
            real.remove(key, expectedRevision);
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
        store.documents().write(DocumentSeat.KEY, 0, "garbage");
        assertThatThrownBy(() -> a.take("edge-a", TTL)).isInstanceOf(IOException.class);
        assertThat(store.documents().read(DocumentSeat.KEY).orElseThrow().text())
                .isEqualTo("garbage");
    }
}

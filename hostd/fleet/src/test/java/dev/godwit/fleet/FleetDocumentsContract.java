package dev.godwit.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the documents of both fleet stores promise. */
public abstract class FleetDocumentsContract {
    protected static final Duration SOON = Duration.ofSeconds(20);
    private static final long ABSENT = FleetDocuments.ABSENT;

    protected FleetStore store;
    protected FleetDocuments documents;

    /** An empty store, or the same one again. */
    protected abstract FleetStore open() throws Exception;

    @BeforeEach
    void openStore() throws Exception {
        store = open();
        documents = store.documents();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void aNewDocumentIsReadAsItWasWritten() throws Exception {
        FleetDocument made = documents.put("network", "web", ABSENT, "{\"vni\":7,\"name\":\"Zürich\"}");
        assertThat(made.revision()).isPositive();
        assertThat(made.json()).isEqualTo("{\"vni\":7,\"name\":\"Zürich\"}");
        assertThat(documents.read("network", "web")).contains(made);
        assertThat(documents.list("network")).containsExactly(made);
    }

    @Test
    void whatIsNotThereIsEmpty() throws Exception {
        assertThat(documents.read("network", "web")).isEmpty();
        assertThat(documents.list("network")).isEmpty();
    }

    @Test
    void aKindIsANamespace() throws Exception {
        FleetDocument network = documents.put("network", "web", ABSENT, "1");
        FleetDocument port = documents.put("port", "web", ABSENT, "2");
        documents.put("network-old", "web", ABSENT, "3");
        assertThat(documents.list("network")).containsExactly(network);
        assertThat(documents.read("port", "web")).contains(port);
    }

    @Test
    void aDocumentIsMadeOnce() throws Exception {
        FleetDocument made = documents.put("network", "web", ABSENT, "{}");
        DocumentConflict conflict =
                catchThrowableOfType(DocumentConflict.class, () -> documents.put("network", "web", ABSENT, "[]"));
        assertThat(conflict).hasMessageContaining("network web").hasMessageContaining("revision " + made.revision());
        assertThat(conflict.actual()).contains(made);
        assertThat(documents.read("network", "web")).contains(made);
    }

    @Test
    void aWriteOnAnOldRevisionChangesNothingAndTellsWhatStands() throws Exception {
        FleetDocument first = documents.put("network", "web", ABSENT, "1");
        FleetDocument second = documents.put("network", "web", first.revision(), "2");
        assertThat(second.revision()).isGreaterThan(first.revision());
        DocumentConflict conflict = catchThrowableOfType(
                DocumentConflict.class, () -> documents.put("network", "web", first.revision(), "3"));
        assertThat(conflict.actual()).contains(second);
        assertThat(catchThrowableOfType(
                                DocumentConflict.class, () -> documents.delete("network", "web", first.revision()))
                        .actual())
                .contains(second);
        assertThat(documents.read("network", "web")).contains(second);
    }

    @Test
    void aWriteOnADocumentThatIsGoneSaysSo() {
        for (long revision : new long[] {1, Long.MAX_VALUE}) {
            assertThat(catchThrowableOfType(
                                    DocumentConflict.class, () -> documents.put("network", "web", revision, "1"))
                            .actual())
                    .isEmpty();
        }
        for (long revision : new long[] {ABSENT, 1}) {
            assertThatExceptionOfType(DocumentConflict.class)
                    .isThrownBy(() -> documents.delete("network", "web", revision))
                    .withMessageContaining("does not have it");
        }
    }

    @Test
    void aRevisionDoesNotComeAgainAfterARemoval() throws Exception {
        FleetDocument first = documents.put("network", "web", ABSENT, "1");
        documents.delete("network", "web", first.revision());
        assertThat(documents.read("network", "web")).isEmpty();
        FleetDocument again = documents.put("network", "web", ABSENT, "1");
        assertThat(again.revision()).isGreaterThan(first.revision());
        assertThatExceptionOfType(DocumentConflict.class)
                .isThrownBy(() -> documents.put("network", "web", first.revision(), "2"));
    }

    @Test
    void aDeleteThatExpectsNothingRemovesNothing() throws Exception {
        FleetDocument made = documents.put("network", "web", ABSENT, "1");
        assertThatExceptionOfType(DocumentConflict.class).isThrownBy(() -> documents.delete("network", "web", ABSENT));
        assertThat(documents.read("network", "web")).contains(made);
    }

    @Test
    void ofManyWhoWriteAtOnceExactlyOneSucceeds() throws Exception {
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
        try {
            long revision = ABSENT;
            for (int round = 0; round < 10; round++) {
                long expected = revision;
                List<Future<Optional<FleetDocument>>> tries = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    String json = Integer.toString(i);
                    tries.add(callers.submit(() -> {
                        try {
                            return Optional.of(documents.put("network", "web", expected, json));
                        } catch (DocumentConflict lost) {
                            return Optional.empty();
                        }
                    }));
                }
                List<FleetDocument> won = new ArrayList<>();
                for (Future<Optional<FleetDocument>> one : tries) {
                    one.get(10, TimeUnit.SECONDS).ifPresent(won::add);
                }
                assertThat(won).hasSize(1);
                assertThat(documents.read("network", "web")).contains(won.getFirst());
                revision = won.getFirst().revision();
            }
        } finally {
            callers.shutdownNow();
        }
    }

    @Test
    void theLargestDocumentIsKeptAndALargerOneIsRefused() throws Exception {
        String largest = "\"" + "x".repeat(FleetDocuments.JSON_BYTES_MOST - 2) + "\"";
        documents.put("network", "web", ABSENT, largest);
        assertThat(documents.read("network", "web")).map(FleetDocument::json).contains(largest);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> documents.put("network", "db", ABSENT, largest.replaceFirst("x", "ü")))
                .withMessageContaining("network db")
                .withMessageContaining("65537");
    }

    @Test
    void moreThanOneAnswerHoldsAreListedWholeAndInOrder() throws Exception {
        String large = "\"" + "x".repeat(FleetDocuments.JSON_BYTES_MOST - 2) + "\"";
        List<String> names =
                IntStream.range(0, 100).mapToObj(i -> "n" + (1000 + i)).toList();
        for (String name : names) {
            documents.put("network", name, ABSENT, large);
        }
        assertThat(documents.list("network")).extracting(FleetDocument::name).isEqualTo(names);
    }

    @Test
    void whatIsNoJsonOrNoNameIsRefusedWithTheBadValue() {
        for (String bad : new String[] {"", " ", "{", "{} {}", "{'a':1}", "{\"a\":1,}", "nul", "\"\u0000\""}) {
            assertThatIllegalArgumentException()
                    .as(bad)
                    .isThrownBy(() -> documents.put("network", "web", ABSENT, bad))
                    .withMessageContaining("network web");
        }
        for (String bad : new String[] {"", "a/b", "../x", "a b", "x".repeat(129), "-a"}) {
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> documents.put("network", bad, ABSENT, "1"));
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> documents.put(bad, "web", ABSENT, "1"));
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> documents.read("network", bad));
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> documents.list(bad));
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> documents.delete(bad, "web", 1));
            assertThatIllegalArgumentException().as(bad).isThrownBy(() -> documents.watch(bad, change -> {}));
        }
    }

    @Test
    void aWatchHearsOfItsKindInOrder() throws Exception {
        documents.put("network", "before", ABSENT, "0");
        List<DocumentChange> heard = new CopyOnWriteArrayList<>();
        try (Watch watch = documents.watch("network", heard::add)) {
            documents.put("port", "web", ABSENT, "9");
            FleetDocument first = documents.put("network", "web", ABSENT, "1");
            FleetDocument second = documents.put("network", "web", first.revision(), "2");
            await().atMost(SOON).until(() -> heard.contains(new DocumentChange(second, false)));
            documents.delete("network", "web", second.revision());
            await().atMost(SOON).until(() -> heard.contains(new DocumentChange(second, true)));
            assertThat(heard).extracting(c -> c.document().name()).containsOnly("web");
            assertThat(heard).extracting(c -> c.document().kind()).containsOnly("network");
            assertThat(heard.stream().map(c -> c.document().revision())).isSorted();
        }
    }

    @Test
    void aClosedWatchIsQuiet() throws Exception {
        List<DocumentChange> closed = new CopyOnWriteArrayList<>();
        List<DocumentChange> open = new CopyOnWriteArrayList<>();
        try (Watch other = documents.watch("network", open::add)) {
            documents.watch("network", closed::add).close();
            documents.put("network", "web", ABSENT, "1");
            await().atMost(SOON).until(() -> !open.isEmpty());
            assertThat(closed).isEmpty();
        }
    }

    @Test
    void whatWasWrittenIsThereWhenTheStoreIsOpenedAgain() throws Exception {
        FleetDocument made = documents.put("network", "web", ABSENT, "1");
        FleetDocument gone = documents.put("network", "db", ABSENT, "1");
        documents.delete("network", "db", gone.revision());
        store.close();
        store = open();
        documents = store.documents();
        assertThat(documents.list("network")).containsExactly(made);
        assertThat(documents.put("network", "db", ABSENT, "1").revision()).isGreaterThan(gone.revision());
    }
}

package dev.godwit.fleet.sqlite;

import dev.godwit.fleet.DocumentChange;
import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.NewDocument;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.Watch;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Documents in the SQLite file of the only host. */
final class SqliteDocuments implements FleetDocuments, AutoCloseable {
    private final SqliteFile file;
    private final DocumentTable table;
    private final LocalWatches<DocumentChange> watches = new LocalWatches<>();

    SqliteDocuments(SqliteFile file) {
        this.file = file;
        this.table = new DocumentTable(file.handle());
    }

    @Override
    public FleetDocument put(String kind, String name, long expectedRevision, String json)
            throws DocumentConflict, OutcomeUnknown, FleetStoreUnavailable {
        NewDocument document = new NewDocument(kind, name, json);
        return file.write(
                document.tried(),
                () -> table.put(document, expectedRevision),
                written -> watches.tell(new DocumentChange(written, false)));
    }

    @Override
    public void delete(String kind, String name, long expectedRevision)
            throws DocumentConflict, OutcomeUnknown, FleetStoreUnavailable {
        NewDocument.requireKey(kind, name);
        String what = "delete " + kind + " " + name;
        file.write(
                what,
                () -> table.delete(what, kind, name, expectedRevision),
                last -> watches.tell(new DocumentChange(last, true)));
    }

    @Override
    public Optional<FleetDocument> read(String kind, String name) throws FleetStoreUnavailable {
        NewDocument.requireKey(kind, name);
        return file.read("read " + kind + " " + name, () -> table.read(kind, name));
    }

    @Override
    public List<FleetDocument> list(String kind) throws FleetStoreUnavailable {
        NewDocument.requireKind(kind);
        return file.read("list the documents of kind " + kind, () -> table.list(kind));
    }

    @Override
    public Watch watch(String kind, Consumer<DocumentChange> consumer) {
        NewDocument.requireKind(kind);
        return watches.add(change -> {
            if (change.document().kind().equals(kind)) {
                consumer.accept(change);
            }
        });
    }

    @Override
    public void close() {
        watches.close();
    }
}

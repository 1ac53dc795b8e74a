package dev.godwit.fleet.sqlite;

import dev.godwit.fleet.AddressTaken;
import dev.godwit.fleet.Document;
import dev.godwit.fleet.DocumentChanged;
import dev.godwit.fleet.Documents;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.NameTaken;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.OwnershipConflict;
import java.util.List;
import java.util.Optional;

/** Documents in the file of the only host. */
final class SqliteDocuments implements Documents {
    private final SqliteFile file;
    private final DocumentTable table;

    SqliteDocuments(SqliteFile file) {
        this.file = file;
        this.table = new DocumentTable(file.handle());
    }

    @Override
    public Optional<Document> read(String key) throws FleetStoreUnavailable {
        return file.read("read the document " + key, () -> table.read(key));
    }

    @Override
    public List<Document> list(String prefix) throws FleetStoreUnavailable {
        return file.read("list the documents " + prefix, () -> table.list(prefix));
    }

    @Override
    public Document write(String key, long expectedRevision, String text)
            throws DocumentChanged, OutcomeUnknown, FleetStoreUnavailable {
        Documents.require(key, text);
        String what = "write the document " + key + " of revision " + expectedRevision;
        Optional<Document> written = inTransaction(what, () -> table.write(key, expectedRevision, text));
        if (written.isEmpty()) {
            throw new DocumentChanged("cannot " + what, read(key));
        }
        return written.get();
    }

    @Override
    public void remove(String key, long expectedRevision)
            throws DocumentChanged, OutcomeUnknown, FleetStoreUnavailable {
        String what = "remove the document " + key + " of revision " + expectedRevision;
        if (!inTransaction(what, () -> table.remove(key, expectedRevision))) {
            throw new DocumentChanged("cannot " + what, read(key));
        }
    }

    private <T> T inTransaction(String what, SqliteFile.Write<T> work) throws OutcomeUnknown, FleetStoreUnavailable {
        try {
            return file.write(what, work, written -> {});
        } catch (NameTaken | AddressTaken | OwnershipConflict impossible) {
            throw new IllegalStateException("a document claims no name and no address", impossible);
        }
    }
}

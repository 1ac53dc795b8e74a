package dev.godwit.fleet.sqlite;

import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.NewDocument;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.StatementContext;

/** The statements on documents; each write is called inside a transaction. */
final class DocumentTable {
    private static final String COLUMNS = "kind, name, revision, json";

    private final Handle handle;

    DocumentTable(Handle handle) {
        this.handle = handle;
    }

    /** Revisions are counted apart from the documents: a removal must not let one come again. */
    static void make(Handle handle) {
        handle.execute("CREATE TABLE IF NOT EXISTS document ("
                + "kind TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL CHECK (revision >= 1), "
                + "json TEXT NOT NULL, PRIMARY KEY (kind, name)) STRICT");
        handle.execute("CREATE TABLE IF NOT EXISTS document_revision ("
                + "one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL) STRICT");
        handle.execute("INSERT OR IGNORE INTO document_revision (one, last) VALUES (1, 0)");
    }

    /** A number that nothing in this file had before. */
    static long nextRevision(Handle handle) {
        return handle.createQuery("UPDATE document_revision SET last = last + 1 RETURNING last")
                .mapTo(Long.class)
                .one();
    }

    FleetDocument put(NewDocument document, long expectedRevision) throws DocumentConflict {
        require(document.tried(), document.kind(), document.name(), expectedRevision);
        long revision = nextRevision(handle);
        handle.createUpdate("INSERT OR REPLACE INTO document (" + COLUMNS + ") VALUES (:kind, :name, :revision, :json)")
                .bind("kind", document.kind())
                .bind("name", document.name())
                .bind("revision", revision)
                .bind("json", document.json())
                .execute();
        return new FleetDocument(document.kind(), document.name(), revision, document.json());
    }

    FleetDocument delete(String what, String kind, String name, long expectedRevision) throws DocumentConflict {
        Optional<FleetDocument> present = require(what, kind, name, expectedRevision);
        if (present.isEmpty()) {
            throw new DocumentConflict(what, present);
        }
        handle.createUpdate("DELETE FROM document WHERE kind = :kind AND name = :name")
                .bind("kind", kind)
                .bind("name", name)
                .execute();
        return present.get();
    }

    Optional<FleetDocument> read(String kind, String name) {
        return handle.createQuery("SELECT " + COLUMNS + " FROM document WHERE kind = :kind AND name = :name")
                .bind("kind", kind)
                .bind("name", name)
                .map(DocumentTable::row)
                .findOne();
    }

    List<FleetDocument> list(String kind) {
        return handle.createQuery("SELECT " + COLUMNS + " FROM document WHERE kind = :kind ORDER BY name")
                .bind("kind", kind)
                .map(DocumentTable::row)
                .list();
    }

    private Optional<FleetDocument> require(String what, String kind, String name, long expectedRevision)
            throws DocumentConflict {
        Optional<FleetDocument> present = read(kind, name);
        if (present.map(FleetDocument::revision).orElse(FleetDocuments.ABSENT) != expectedRevision) {
            throw new DocumentConflict(what, present);
        }
        return present;
    }

    private static FleetDocument row(ResultSet row, StatementContext context) throws SQLException {
        return new FleetDocument(
                row.getString("kind"), row.getString("name"), row.getLong("revision"), row.getString("json"));
    }
}

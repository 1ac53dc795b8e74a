package dev.godwit.fleet.sqlite;

import dev.godwit.fleet.Document;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.StatementContext;

/** The statements on the documents; each write is called inside a transaction. */
final class DocumentTable {
    private final Handle handle;

    DocumentTable(Handle handle) {
        this.handle = handle;
    }

    static void make(Handle handle) {
        handle.execute("CREATE TABLE IF NOT EXISTS document ("
                + "key TEXT PRIMARY KEY, revision INTEGER NOT NULL, text TEXT NOT NULL) STRICT");
        // One row: a revision is not used again, also where a document was removed and made anew.
        handle.execute("CREATE TABLE IF NOT EXISTS document_revision (last INTEGER NOT NULL) STRICT");
        handle.execute("INSERT INTO document_revision SELECT 0 WHERE NOT EXISTS (SELECT * FROM document_revision)");
    }

    Optional<Document> read(String key) {
        return handle.createQuery("SELECT key, revision, text FROM document WHERE key = :key")
                .bind("key", key)
                .map(DocumentTable::row)
                .findOne();
    }

    List<Document> list(String prefix) {
        return handle.createQuery("SELECT key, revision, text FROM document"
                        + " WHERE substr(key, 1, length(:prefix)) = :prefix ORDER BY key")
                .bind("prefix", prefix)
                .map(DocumentTable::row)
                .list();
    }

    /** Empty: it is not of that revision, and nothing was written. */
    Optional<Document> write(String key, long expectedRevision, String text) {
        if (revision(key) != expectedRevision) {
            return Optional.empty();
        }
        handle.execute("UPDATE document_revision SET last = last + 1");
        handle.createUpdate("INSERT INTO document SELECT :key, last, :text FROM document_revision WHERE true"
                        + " ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, text = excluded.text")
                .bind("key", key)
                .bind("text", text)
                .execute();
        return read(key);
    }

    /** False: it is not of that revision, and nothing was removed. */
    boolean remove(String key, long expectedRevision) {
        return handle.createUpdate("DELETE FROM document WHERE key = :key AND revision = :revision")
                        .bind("key", key)
                        .bind("revision", expectedRevision)
                        .execute()
                == 1;
    }

    private long revision(String key) {
        return read(key).map(Document::revision).orElse(0L);
    }

    private static Document row(ResultSet row, StatementContext context) throws SQLException {
        return new Document(row.getString("key"), row.getLong("revision"), row.getString("text"));
    }
}

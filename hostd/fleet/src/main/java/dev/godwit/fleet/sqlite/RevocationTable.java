package dev.godwit.fleet.sqlite;

import dev.godwit.tls.Revocation;
import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** The statements on the table of revocations; each write is called inside a transaction. */
final class RevocationTable {
    private final Handle handle;

    RevocationTable(Handle handle) {
        this.handle = handle;
    }

    static void make(Handle handle) {
        handle.execute(
                "CREATE TABLE IF NOT EXISTS revocation (subject TEXT PRIMARY KEY, at_millis INTEGER NOT NULL) STRICT");
    }

    /** Whether the subject was not revoked before. */
    boolean revoke(Revocation revocation) {
        boolean first = handle.createQuery("SELECT count(*) FROM revocation WHERE subject = :subject")
                        .bind("subject", revocation.subject())
                        .mapTo(Integer.class)
                        .one()
                == 0;
        handle.createUpdate("INSERT INTO revocation (subject, at_millis) VALUES (:subject, :at)"
                        + " ON CONFLICT (subject) DO UPDATE SET at_millis = max(at_millis, :at)")
                .bind("subject", revocation.subject())
                .bind("at", revocation.at().toEpochMilli())
                .execute();
        return first;
    }

    List<Revocation> all() {
        return handle.createQuery("SELECT subject, at_millis FROM revocation ORDER BY subject")
                .map((row, context) ->
                        new Revocation(row.getString("subject"), Instant.ofEpochMilli(row.getLong("at_millis"))))
                .list();
    }
}

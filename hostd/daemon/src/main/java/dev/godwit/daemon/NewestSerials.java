package dev.godwit.daemon;

import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStoreException;
import java.time.Instant;
import java.util.Optional;

/**
 * When the newest certificate of each host was issued, by the clock of its issuer: a revocation by another clock must not be
 * older. Thread-safe.
 */
final class NewestSerials {
    private static final String KIND = "newest-certificates";

    /** Two issuers may write at once; more are somebody's loop. */
    private static final int TURNS_MAX = 5;

    private final FleetDocuments documents;

    NewestSerials(FleetDocuments documents) {
        this.documents = documents;
    }

    private record Newest(Instant issuedAt) {}

    /** Notes that a certificate was issued; returns when every host can know it. */
    void issued(String subject, Instant at) {
        try {
            for (int turn = 0; turn < TURNS_MAX; turn++) {
                Optional<FleetDocument> before = documents.read(KIND, name(subject));
                if (before.isPresent() && !at.isAfter(issuedAt(before.get()))) {
                    return;
                }
                try {
                    documents.put(
                            KIND,
                            name(subject),
                            before.map(FleetDocument::revision).orElse(FleetDocuments.ABSENT),
                            Json.line(new Newest(at)));
                    return;
                } catch (DocumentConflict raced) {
                    continue;
                }
            }
        } catch (FleetStoreException e) {
            throw new Unavailable(
                    "The fleet store can't note what is issued to " + subject + ": " + e.getMessage() + "; ask again.",
                    e);
        }
        throw new Unavailable("Several certificates of " + subject + " are asked for at once; ask again.");
    }

    /** Long ago where none is known. */
    Instant newest(String subject) throws FleetStoreException {
        return isNamed(subject)
                ? documents
                        .read(KIND, name(subject))
                        .map(NewestSerials::issuedAt)
                        .orElse(Instant.EPOCH)
                : Instant.EPOCH;
    }

    private static Instant issuedAt(FleetDocument document) {
        return Json.read(document.json(), Newest.class).issuedAt();
    }

    /** A subject, and not one certificate's serial number. */
    private static boolean isNamed(String subject) {
        return subject.indexOf('/') > 0;
    }

    private static String name(String subject) {
        return subject.replace('/', '.');
    }
}

package dev.godwit.daemon;

import dev.godwit.api.Network;
import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStoreException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives networks their numbers, each to one project: a document of kind {@code vni} under the number names the project. It is
 * written before the network's own and removed after it, so a number in use always has its claim. Whoever finds a claim of
 * its project (left by a host that died, or by one that removes the network at this moment) writes it again, and so wins
 * against a removal, which is a compare-and-set too. Thread-safe.
 */
final class NetworkNumbers {
    private static final Logger log = LoggerFactory.getLogger(NetworkNumbers.class);
    private static final String KIND = "vni";
    /** The default network has 1. */
    private static final int FIRST = 2;
    /** Each lost race means that another network was made. */
    private static final int RACES_MAX = 64;

    private final FleetDocuments documents;

    NetworkNumbers(FleetDocuments documents) {
        this.documents = documents;
    }

    /** A number that is the project's, at the revision of the claim. */
    record Claim(int vni, String project, long revision) {}

    private record Stored(String project) {}

    /** Claims a number for a project that has no network yet; the same again if it was claimed already. */
    Claim claim(String project) throws FleetStoreException {
        String json = Json.line(new Stored(project));
        for (int race = 0; race < RACES_MAX; race++) {
            List<Claim> claims = claims();
            Optional<Claim> own = claims.stream()
                    .filter(claim -> claim.project().equals(project))
                    .findFirst();
            int vni = own.map(Claim::vni).orElseGet(() -> lowestFree(claims));
            long revision = own.map(Claim::revision).orElse(FleetDocuments.ABSENT);
            try {
                return read(documents.put(KIND, Integer.toString(vni), revision, json));
            } catch (DocumentConflict raced) {
                log.debug("network number {} was not free for project {} any more", vni, project);
            }
        }
        throw new Unavailable("Project " + project + " lost the race for a network number " + RACES_MAX
                + " times in a row; other hosts make networks very fast, try again.");
    }

    /** What a project has claimed. */
    Optional<Claim> claimOf(String project) throws FleetStoreException {
        return claims().stream()
                .filter(claim -> claim.project().equals(project))
                .findFirst();
    }

    /** Gives a number back, unless somebody has claimed it again. */
    void giveBack(Claim claim) throws FleetStoreException {
        try {
            documents.delete(KIND, Integer.toString(claim.vni()), claim.revision());
        } catch (DocumentConflict again) {
            log.debug("network number {} stays claimed: {}", claim.vni(), again.getMessage());
        }
    }

    private List<Claim> claims() throws FleetStoreException {
        return documents.list(KIND).stream().map(NetworkNumbers::read).toList();
    }

    private static int lowestFree(List<Claim> claims) {
        Set<Integer> taken = new HashSet<>();
        claims.forEach(claim -> taken.add(claim.vni()));
        for (int vni = FIRST; vni <= Network.VNI_MAX; vni++) {
            if (!taken.contains(vni)) {
                return vni;
            }
        }
        throw new Refused(ProblemCode.NO_ROOM, "All " + Network.VNI_MAX + " network numbers are taken.");
    }

    private static Claim read(FleetDocument document) {
        try {
            return new Claim(
                    Integer.parseInt(document.name()),
                    Json.read(document.json(), Stored.class).project(),
                    document.revision());
        } catch (BadRequest | NumberFormatException e) {
            throw new UnreadableDocument(document, e);
        }
    }
}

package dev.godwit.daemon;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.OwnershipRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * The networks of the fleet's projects: documents in the fleet store, changed by compare-and-set. {@code default} is there
 * without a document. Thread-safe.
 */
public final class Networks {
    /** Each turn lost means that somebody else changed it; more than this many in a row is a fault, not a race. */
    private static final int TURNS_MAX = 16;

    private static final int VMS_NAMED_MAX = 5;
    private static final ObjectMapper DETAIL = new ObjectMapper();

    private final FleetStore store;
    private final FleetDocuments documents;
    private final NetworkNumbers numbers;
    private final Supplier<Optional<String>> sendLimitRefusal;

    Networks(FleetStore store) {
        this(store, Optional::empty);
    }

    /** @param sendLimitRefusal why VMs of this host can't be held to a rate for what they send; empty: they can */
    Networks(FleetStore store, Supplier<Optional<String>> sendLimitRefusal) {
        this.store = store;
        this.sendLimitRefusal = sendLimitRefusal;
        this.documents = store.documents();
        this.numbers = new NetworkNumbers(documents);
    }

    /**
     * What a change led to.
     *
     * @param made false: it was there
     */
    record Written(Network network, boolean made) {}

    /** All networks, by project. */
    List<Network> all() {
        try {
            List<Network> networks = new ArrayList<>();
            for (FleetDocument document : documents.list(NetworkDocument.KIND)) {
                networks.add(NetworkDocument.read(document));
            }
            if (networks.stream().noneMatch(Networks::isDefault)) {
                networks.add(NetworkDocument.DEFAULT);
            }
            networks.sort(Comparator.comparing(Network::project));
            return networks;
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked for the networks: " + e.getMessage(), e);
        }
    }

    /** A project's network, if there is one. */
    Optional<Network> find(String project) {
        try {
            Optional<Network> written = document(project).map(NetworkDocument::read);
            return written.isEmpty() && project.equals(Network.DEFAULT_PROJECT)
                    ? Optional.of(NetworkDocument.DEFAULT)
                    : written;
        } catch (FleetStoreException e) {
            throw new Unavailable(
                    "The fleet store can't be asked for the network of project " + project + ": " + e.getMessage(), e);
        }
    }

    /** A project's network. */
    Network of(String project) {
        return find(project).orElseThrow(() -> noSuch(project));
    }

    /** A project's network, as one who wants a VM in it is told. */
    Network forVm(String project) {
        return find(project)
                .orElseThrow(() -> new Refused(
                        ProblemCode.REFUSED,
                        "There is no network of a project \"" + project + "\"; 'godwit net create " + project
                                + "' makes one."));
    }

    private void requireSendLimits() {
        Optional<String> why = sendLimitRefusal.get();
        if (why.isPresent()) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "This host's kernel can't hold VMs to a rate for what they send (outBitsPerSecond); it needs macvlan"
                            + " devices and the queue tbf (CONFIG_MACVLAN, CONFIG_NET_SCH_TBF): " + why.get());
        }
    }

    /**
     * Makes a network, or changes it.
     *
     * @param expected the revision that it must have, 0: nobody has made it; empty: any
     * @throws Changed it has another
     */
    Written put(String project, NetworkSettings settings, OptionalLong expected) {
        NetworkDocument.requireProject(project);
        if (settings.rate() != null && settings.rate().outBitsPerSecond() != null) {
            requireSendLimits();
        }
        try {
            for (int turn = 0; turn < TURNS_MAX; turn++) {
                Optional<FleetDocument> present = document(project);
                long revision = revision(present);
                requireExpected(project, expected, revision);
                Optional<NetworkNumbers.Claim> claim = Optional.empty();
                int vni;
                if (present.isPresent()) {
                    vni = NetworkDocument.read(present.get()).vni();
                } else if (project.equals(Network.DEFAULT_PROJECT)) {
                    vni = NetworkDocument.DEFAULT.vni();
                } else {
                    claim = Optional.of(numbers.claim(project));
                    vni = claim.get().vni();
                }
                try {
                    FleetDocument written = documents.put(
                            NetworkDocument.KIND, project, revision, NetworkDocument.write(vni, settings));
                    return new Written(NetworkDocument.read(written), present.isEmpty());
                } catch (DocumentConflict raced) {
                    if (claim.isPresent()) {
                        giveBackUnlessUsed(claim.get(), raced.actual());
                    }
                }
            }
        } catch (OutcomeUnknown e) {
            throw new Unavailable(
                    "The network of project " + project + " may be changed or not: " + e.getMessage()
                            + ". Look at it before asking again.",
                    e);
        } catch (FleetStoreException e) {
            throw new Unavailable("The network of project " + project + " is as it was: " + e.getMessage(), e);
        }
        throw new Unavailable("The network of project " + project + " changed " + TURNS_MAX
                + " times while this change was made; try again.");
    }

    private void giveBackUnlessUsed(NetworkNumbers.Claim claim, Optional<FleetDocument> standing)
            throws FleetStoreException {
        if (standing.map(NetworkDocument::read)
                .map(Network::vni)
                .filter(vni -> vni == claim.vni())
                .isEmpty()) {
            numbers.giveBack(claim);
        }
    }

    /**
     * Removes a network; the default one goes back to what it was at first.
     *
     * @param expected the revision that it must have; empty: any
     * @throws Changed it has another
     * @throws Conflict VMs are in it
     */
    void delete(String project, OptionalLong expected) {
        NetworkDocument.requireProject(project);
        try {
            FleetDocument present = document(project).orElseThrow(() -> noSuch(project));
            requireExpected(project, expected, present.revision());
            if (!project.equals(Network.DEFAULT_PROJECT)) {
                requireNoVm(project);
            }
            Optional<NetworkNumbers.Claim> claim = numbers.claimOf(project);
            documents.delete(NetworkDocument.KIND, project, present.revision());
            if (claim.isPresent()) {
                numbers.giveBack(claim.get());
            }
        } catch (DocumentConflict raced) {
            throw new Changed("The network of project " + project + " was changed or removed at this moment; look at it"
                    + " and ask again.");
        } catch (OutcomeUnknown e) {
            throw new Unavailable(
                    "The network of project " + project + " may be removed or not: " + e.getMessage() + ". Look again.",
                    e);
        } catch (FleetStoreException e) {
            throw new Unavailable("The network of project " + project + " was not removed: " + e.getMessage(), e);
        }
    }

    private void requireNoVm(String project) throws FleetStoreException {
        List<String> vms = store.list().stream()
                .filter(record -> project(record).equals(project))
                .map(OwnershipRecord::name)
                .sorted()
                .toList();
        if (!vms.isEmpty()) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "Project " + project + " has " + vms.size() + (vms.size() == 1 ? " VM (" : " VMs (")
                            + String.join(", ", vms.subList(0, Math.min(vms.size(), VMS_NAMED_MAX)))
                            + (vms.size() > VMS_NAMED_MAX ? ", ..." : "")
                            + "); remove " + (vms.size() == 1 ? "it" : "them") + " before its network.");
        }
    }

    /** The project of a VM by its ownership record. What is not as this hostd writes it is looked through for it alone. */
    static String project(OwnershipRecord record) {
        try {
            return record.detail().isEmpty()
                    ? Network.DEFAULT_PROJECT
                    : DETAIL.readTree(record.detail()).path("project").asText(Network.DEFAULT_PROJECT);
        } catch (JsonProcessingException e) {
            return Network.DEFAULT_PROJECT;
        }
    }

    private Optional<FleetDocument> document(String project) throws FleetStoreException {
        NetworkDocument.requireProject(project);
        return documents.read(NetworkDocument.KIND, project);
    }

    private static long revision(Optional<FleetDocument> present) {
        return present.map(FleetDocument::revision).orElse(FleetDocuments.ABSENT);
    }

    private static void requireExpected(String project, OptionalLong expected, long revision) {
        if (expected.isPresent() && expected.getAsLong() != revision) {
            throw new Changed("The network of project " + project + " is at revision " + revision + ", not "
                    + expected.getAsLong() + "; look at it and ask again.");
        }
    }

    private static boolean isDefault(Network network) {
        return network.project().equals(Network.DEFAULT_PROJECT);
    }

    private static NotFound noSuch(String project) {
        return new NotFound(
                project.equals(Network.DEFAULT_PROJECT)
                        ? "The network of project default is as it was at first; there is nothing to remove."
                        : "There is no network of a project \"" + project
                                + "\"; 'godwit net list' shows those that are.");
    }
}

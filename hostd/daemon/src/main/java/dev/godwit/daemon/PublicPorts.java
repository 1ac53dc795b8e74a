package dev.godwit.daemon;

import dev.godwit.api.PortProtocol;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.PublishPort;
import dev.godwit.api.PublishedPort;
import dev.godwit.api.Vm;
import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.OwnershipRecord;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which public port leads to which VM: one document of the fleet store a port, so that two requests for one port can't
 * both succeed. Edges read them all. A document is of one VM as it was made: one that is made anew under the same id has
 * no public port, and the port of a VM that is gone is free. Thread-safe.
 */
final class PublicPorts implements Ports {
    /** Label of an edge's host record: the fleet's public addresses, separated by commas. */
    static final String ADDRESSES_LABEL = "public-addresses";

    private static final Logger log = LoggerFactory.getLogger(PublicPorts.class);
    private static final String KIND = "port";
    /** Each lost race means that somebody else wrote this very port. */
    private static final int TRIES = 5;

    private final FleetStore store;

    PublicPorts(FleetStore store) {
        this.store = store;
    }

    /**
     * What stands in a document.
     *
     * @param vmCreated {@link OwnershipRecord#created} of the VM
     */
    record Lead(String vmId, int vmPort, long vmCreated) {
        boolean isTo(OwnershipRecord vm) {
            return vmId.equals(vm.vmId()) && vmCreated == vm.created();
        }
    }

    /** A document: which port leads where. */
    record Published(PortProtocol protocol, int publicPort, Lead lead) {}

    private static String name(PortProtocol protocol, int publicPort) {
        return protocol + "-" + publicPort;
    }

    @Override
    public PublishedPort publish(Vm vm, PublishPort wanted) {
        if (vm.address() == null) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "VM " + vm.name() + " has no address, so no port can lead to it: its host has no network for VMs.");
        }
        String name = name(wanted.protocol(), wanted.publicPort());
        try {
            Lead lead = new Lead(vm.id(), wanted.vmPort(), record(vm).created());
            for (int i = 0; i < TRIES; i++) {
                Optional<FleetDocument> there = store.documents().read(KIND, name);
                if (there.isPresent() && lead(there.get()).equals(lead)) {
                    return published(wanted.protocol(), wanted.publicPort(), lead);
                }
                if (there.isPresent()) {
                    requireFree(wanted, lead(there.get()));
                }
                long revision = there.map(FleetDocument::revision).orElse(FleetDocuments.ABSENT);
                if (write(name, revision, lead)) {
                    return published(wanted.protocol(), wanted.publicPort(), lead);
                }
            }
        } catch (FleetStoreException e) {
            throw unavailable("published", e);
        }
        throw new Conflict(
                ProblemCode.CONFLICT,
                "Others publish " + wanted.protocol() + " port " + wanted.publicPort()
                        + " at this very moment; try again.");
    }

    private boolean write(String name, long revision, Lead lead) throws FleetStoreException {
        try {
            store.documents().put(KIND, name, revision, Json.line(lead));
            return true;
        } catch (DocumentConflict race) {
            return false;
        }
    }

    /** A VM's own port may be turned to another port of it only by unpublishing first: clients use it. */
    private void requireFree(PublishPort wanted, Lead there) throws FleetStoreUnavailable {
        if (store.read(there.vmId()).filter(there::isTo).isPresent()) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    wanted.protocol() + " port " + wanted.publicPort() + " leads to port " + there.vmPort() + " of VM "
                            + there.vmId() + " already; unpublish that first, or choose another public port.");
        }
    }

    @Override
    public void unpublish(Vm vm, PortProtocol protocol, int publicPort) {
        try {
            FleetDocuments documents = store.documents();
            Optional<FleetDocument> there = documents.read(KIND, name(protocol, publicPort));
            if (there.isPresent() && lead(there.get()).isTo(record(vm))) {
                documents.delete(KIND, there.get().name(), there.get().revision());
                return;
            }
        } catch (DocumentConflict race) {
            log.info("{} port {} was changed by another request: {}", protocol, publicPort, race.getMessage());
        } catch (FleetStoreException e) {
            throw unavailable("unpublished", e);
        }
        throw new NotFound(protocol + " port " + publicPort + " does not lead to VM " + vm.name()
                + "; 'godwit net ports " + vm.name() + "' shows those that do.");
    }

    @Override
    public List<PublishedPort> of(Vm vm) {
        try {
            List<PublishedPort> ports = new ArrayList<>();
            OwnershipRecord record = record(vm);
            for (Published one : all(store.documents())) {
                if (one.lead().isTo(record)) {
                    ports.add(published(one.protocol(), one.publicPort(), one.lead()));
                }
            }
            ports.sort(Comparator.comparing(PublishedPort::protocol).thenComparing(PublishedPort::publicPort));
            return ports;
        } catch (FleetStoreException e) {
            throw unavailable("listed", e);
        }
    }

    private OwnershipRecord record(Vm vm) throws FleetStoreUnavailable {
        return store.read(vm.id())
                .orElseThrow(() -> new NotFound("VM " + vm.name() + " (" + vm.id() + ") was removed at this moment."));
    }

    /**
     * Removes the documents that lead to no VM any more: theirs was removed or written off.
     *
     * @throws FleetStoreException some may be left
     */
    static void removeLeft(FleetStore store) throws FleetStoreException {
        FleetDocuments documents = store.documents();
        // Before the records: whoever publishes reads the record first, so that of a living VM is among them.
        List<FleetDocument> published = documents.list(KIND);
        if (published.isEmpty()) {
            return;
        }
        List<OwnershipRecord> vms = store.list();
        for (FleetDocument document : published) {
            List<Published> read = read(document).toList();
            if (!read.isEmpty() && vms.stream().noneMatch(read.getFirst().lead()::isTo)) {
                remove(documents, document);
            }
        }
    }

    private static void remove(FleetDocuments documents, FleetDocument document) throws FleetStoreException {
        try {
            documents.delete(KIND, document.name(), document.revision());
            log.info("{} is not published any more: its VM is gone", document.name());
        } catch (DocumentConflict race) {
            log.info("{} was changed by another request: {}", document.name(), race.getMessage());
        }
    }

    /** Every port of the fleet; a document that says none is left out. */
    static List<Published> all(FleetDocuments documents) throws FleetStoreUnavailable {
        return documents.list(KIND).stream().flatMap(PublicPorts::read).toList();
    }

    private static Stream<Published> read(FleetDocument document) {
        String[] parts = document.name().split("-", -1);
        try {
            PublishPort port = new PublishPort(
                    Integer.parseInt(parts[1]),
                    lead(document).vmPort(),
                    PortProtocol.valueOf(parts[0].toUpperCase(Locale.ROOT)));
            return Stream.of(new Published(port.protocol(), port.publicPort(), lead(document)));
        } catch (IllegalArgumentException | BadRequest e) {
            log.warn("the document {} publishes no port: {}", document.name(), e.getMessage());
            return Stream.empty();
        }
    }

    private static Lead lead(FleetDocument document) {
        return Json.read(document.json().getBytes(StandardCharsets.UTF_8), Lead.class);
    }

    private PublishedPort published(PortProtocol protocol, int publicPort, Lead lead) throws FleetStoreUnavailable {
        List<String> addresses = store.hosts().stream()
                .filter(host -> host.role() == HostRole.EDGE)
                .map(HostRecord::labels)
                .map(labels -> labels.getOrDefault(ADDRESSES_LABEL, ""))
                .flatMap(text -> Stream.of(text.split(",")))
                .filter(address -> !address.isEmpty())
                .distinct()
                .toList();
        return new PublishedPort(lead.vmId(), addresses, publicPort, lead.vmPort(), protocol);
    }

    private static Unavailable unavailable(String what, FleetStoreException e) {
        return new Unavailable("The port can't be " + what + ", since the fleet store failed: " + e.getMessage(), e);
    }
}

package dev.godwit.daemon;

import dev.godwit.api.PortProtocol;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.PublishPort;
import dev.godwit.api.PublishedPort;
import dev.godwit.api.Vm;
import dev.godwit.fleet.Document;
import dev.godwit.fleet.DocumentChanged;
import dev.godwit.fleet.Documents;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
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
 * both succeed. Edges read them all. The port of a VM that is gone is free. Thread-safe.
 */
final class PublicPorts implements Ports {
    /** Label of an edge's host record: the fleet's public addresses, separated by commas. */
    static final String ADDRESSES_LABEL = "public-addresses";

    private static final Logger log = LoggerFactory.getLogger(PublicPorts.class);
    private static final String PREFIX = "ports/";
    /** Each lost race means that somebody else wrote this very port. */
    private static final int TRIES = 5;

    private final FleetStore store;

    PublicPorts(FleetStore store) {
        this.store = store;
    }

    /** What stands in a document. */
    record Lead(String vmId, int vmPort) {}

    /** A document: which port leads where. */
    record Published(PortProtocol protocol, int publicPort, Lead lead) {}

    private static String key(PortProtocol protocol, int publicPort) {
        return PREFIX + protocol + "/" + publicPort;
    }

    @Override
    public PublishedPort publish(Vm vm, PublishPort wanted) {
        if (vm.address() == null) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "VM " + vm.name() + " has no address, so no port can lead to it: its host has no network for VMs.");
        }
        String key = key(wanted.protocol(), wanted.publicPort());
        Lead lead = new Lead(vm.id(), wanted.vmPort());
        try {
            for (int i = 0; i < TRIES; i++) {
                Optional<Document> there = store.documents().read(key);
                if (there.isPresent() && lead(there.get()).equals(lead)) {
                    return published(wanted.protocol(), wanted.publicPort(), lead);
                }
                if (there.isPresent()) {
                    requireFree(wanted, lead(there.get()));
                }
                long revision = there.map(Document::revision).orElse(0L);
                if (write(key, revision, lead)) {
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

    private boolean write(String key, long revision, Lead lead) throws FleetStoreException {
        try {
            store.documents().write(key, revision, Json.line(lead));
            return true;
        } catch (DocumentChanged race) {
            return false;
        }
    }

    /** A VM's own port may be turned to another port of it only by unpublishing first: clients use it. */
    private void requireFree(PublishPort wanted, Lead there) throws FleetStoreUnavailable {
        if (store.read(there.vmId()).isPresent()) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    wanted.protocol() + " port " + wanted.publicPort() + " leads to port " + there.vmPort() + " of VM "
                            + there.vmId() + " already; unpublish that first, or choose another public port.");
        }
    }

    @Override
    public void unpublish(Vm vm, PortProtocol protocol, int publicPort) {
        try {
            Documents documents = store.documents();
            Optional<Document> there = documents.read(key(protocol, publicPort));
            if (there.isPresent() && lead(there.get()).vmId().equals(vm.id())) {
                documents.remove(there.get().key(), there.get().revision());
                return;
            }
        } catch (DocumentChanged race) {
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
            for (Published one : all(store.documents())) {
                if (one.lead().vmId().equals(vm.id())) {
                    ports.add(published(one.protocol(), one.publicPort(), one.lead()));
                }
            }
            ports.sort(Comparator.comparing(PublishedPort::protocol).thenComparing(PublishedPort::publicPort));
            return ports;
        } catch (FleetStoreException e) {
            throw unavailable("listed", e);
        }
    }

    /** Every port of the fleet; a document that says none is left out. */
    static List<Published> all(Documents documents) throws FleetStoreUnavailable {
        return documents.list(PREFIX).stream().flatMap(PublicPorts::read).toList();
    }

    private static Stream<Published> read(Document document) {
        String[] parts = document.key().split("/", -1);
        try {
            PublishPort port = new PublishPort(
                    Integer.parseInt(parts[2]),
                    lead(document).vmPort(),
                    PortProtocol.valueOf(parts[1].toUpperCase(Locale.ROOT)));
            return Stream.of(new Published(port.protocol(), port.publicPort(), lead(document)));
        } catch (IllegalArgumentException | BadRequest e) {
            log.warn("the document {} publishes no port: {}", document.key(), e.getMessage());
            return Stream.empty();
        }
    }

    private static Lead lead(Document document) {
        return Json.read(document.text().getBytes(StandardCharsets.UTF_8), Lead.class);
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

package dev.godwit.net;

import dev.godwit.linux.BpfLink;
import dev.godwit.linux.BpfMap;
import dev.godwit.linux.BpfObject;
import dev.godwit.linux.BpfProgram;
import dev.godwit.linux.BpfRing;
import dev.godwit.linux.Errno;
import dev.godwit.linux.LinuxException;
import dev.godwit.linux.Mount;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The programs in the kernel and their maps. All of them are pinned below a folder of a BPF file system, so that
 * packets go on while no hostd runs; {@link #open} takes over what a hostd before left, puts this build's programs in
 * place of its programs one by one, each in one step, and keeps the maps.
 *
 * <p>Attaching works in the network namespace of the calling thread. Thread-safe.
 */
public final class DataPlaneMaps implements AutoCloseable {
    /** The shape of the maps; a build with another one starts with empty maps beside those of the older. */
    static final String LAYOUT = "v1";

    private static final String OBJECT = "godwit.bpf.o";
    private static final String LINKS = "links";
    private static final int SETTINGS_BYTES = 24;
    private static final List<String> MAPS = List.of(
            "locations",
            "networks",
            "taps",
            "ports",
            "peers",
            "edges",
            "rules",
            "egress",
            "flows",
            "fragments",
            "settings",
            "lease",
            "held",
            "paces",
            "drops",
            "ways",
            "traffic",
            "events");

    private final Path folder;
    private final BpfObject object;
    private final BpfMap settings;
    private final Locations locations;
    private final Ports ports;
    private final Peers peers;
    private final Edges edges;
    private final Policies policies;
    private final Paces paces;
    private final Lease lease;
    private final Connections connections;
    private final Counters counters;
    private final Object ringLock = new Object();
    private final BpfRing ring;
    private boolean closed;

    private DataPlaneMaps(Path folder, BpfObject object) throws IOException {
        this.folder = folder;
        this.object = object;
        this.settings = object.map("settings");
        this.locations = new Locations(object.map("locations"), object.map("networks"));
        this.ports = new Ports(object.map("taps"), object.map("ports"), object.map("held"), object.map("traffic"));
        this.peers = new Peers(object.map("peers"));
        this.edges = new Edges(object.map("edges"));
        this.policies = new Policies(object.map("rules"), object.map("egress"));
        this.paces = new Paces(object.map("paces"));
        this.lease = new Lease(object.map("lease"));
        this.connections = new Connections(object.map("flows"));
        this.counters = new Counters(object.map("drops"), object.map("ways"));
        this.ring = BpfRing.open(object.map("events"));
    }

    /**
     * Opens the data plane, made anew where there is none.
     *
     * @param pins a folder on a BPF file system; made if absent
     * @throws IOException the kernel refuses the programs (the message ends with the verifier's words), there is no
     *     BPF file system at the folder, or libbpf is missing
     */
    public static DataPlaneMaps open(Path pins) throws IOException {
        try (InputStream resource = DataPlaneMaps.class.getResourceAsStream(OBJECT)) {
            if (resource == null) {
                throw new IOException(
                        "this build has no data plane: " + OBJECT + " is not beside the classes of hostd/net");
            }
            return open(pins, resource.readAllBytes());
        }
    }

    static DataPlaneMaps open(Path pins, byte[] elf) throws IOException {
        Path folder = pins.resolve(LAYOUT);
        Files.createDirectories(folder.resolve(LINKS));
        if (!Mount.isBpf(folder)) {
            throw new IOException(pins + " is not on a BPF file system; mount one there: mount -t bpf bpf " + pins);
        }
        BpfObject object = BpfObject.load(elf, "godwit", folder);
        try {
            DataPlaneMaps maps = new DataPlaneMaps(folder, object);
            maps.replacePrograms();
            return maps;
        } catch (IOException | RuntimeException failed) {
            object.close();
            throw failed;
        }
    }

    private void replacePrograms() throws IOException {
        for (Attachment attachment : attachments()) {
            try (BpfLink link = BpfLink.open(pin(attachment))) {
                link.update(program(attachment.hook()));
            }
        }
    }

    /** Tells the programs about their host. Before it they pass nothing to other hosts. */
    public void configure(Settings host) throws IOException {
        byte[] value = Keys.buffer(SETTINGS_BYTES)
                .put(Addresses.mapped(host.underlay()))
                .putInt(host.vxlanIndex())
                .putInt(host.stackMark())
                .array();
        settings.put(Keys.ZERO, value);
    }

    public Locations locations() {
        return locations;
    }

    public Ports ports() {
        return ports;
    }

    public Peers peers() {
        return peers;
    }

    public Edges edges() {
        return edges;
    }

    public Policies policies() {
        return policies;
    }

    Paces paces() {
        return paces;
    }

    public Lease lease() {
        return lease;
    }

    public Connections connections() {
        return connections;
    }

    public Counters counters() {
        return counters;
    }

    /** Where a program is attached. */
    public record Attachment(Hook hook, int interfaceIndex) {}

    /**
     * Attaches a program to a device by a pinned link. Where it is attached already, it is replaced in one step.
     *
     * @throws IOException among others: the kernel is older than 6.6 and has no such links
     */
    public synchronized void attach(Hook hook, int interfaceIndex) throws IOException {
        Attachment attachment = new Attachment(hook, interfaceIndex);
        if (attachments().contains(attachment)) {
            try (BpfLink link = BpfLink.open(pin(attachment))) {
                link.update(program(hook));
            }
            return;
        }
        try (BpfLink link = BpfLink.attach(program(hook), interfaceIndex, hook.ingress())) {
            link.pin(pin(attachment));
        } catch (LinuxException refused) {
            if (refused.errno() != Errno.EINVAL) {
                throw refused;
            }
            throw new IOException(
                    "Linux " + System.getProperty("os.version")
                            + " can't attach the data plane by tcx links, which came"
                            + " with 6.6; Godwit needs Linux 6.7 or newer: install a newer kernel and reboot",
                    refused);
        }
    }

    /** Takes a program off a device. Absent is no error. */
    public synchronized void detach(Hook hook, int interfaceIndex) throws IOException {
        Files.deleteIfExists(pin(new Attachment(hook, interfaceIndex)));
    }

    /** The attachments that are pinned; those of devices that are gone are taken away. */
    public synchronized Set<Attachment> attachments() throws IOException {
        Set<Attachment> attachments = new HashSet<>();
        for (Path pin : pins()) {
            Optional<Attachment> attachment = read(pin);
            if (attachment.isEmpty()) {
                continue;
            }
            boolean gone;
            try (BpfLink link = BpfLink.open(pin)) {
                gone = link.info().interfaceIndex() == 0;
            }
            if (gone) {
                Files.delete(pin);
            } else {
                attachments.add(attachment.get());
            }
        }
        return attachments;
    }

    private List<Path> pins() throws IOException {
        try (Stream<Path> pins = Files.list(folder.resolve(LINKS))) {
            return new ArrayList<>(pins.toList());
        }
    }

    // A BPF file system allows no dot in a name.
    private Path pin(Attachment attachment) {
        return folder.resolve(LINKS).resolve(attachment.hook().program() + "-" + attachment.interfaceIndex());
    }

    private static Optional<Attachment> read(Path pin) {
        String[] parts = pin.getFileName().toString().split("-", 2);
        try {
            return Optional.of(
                    new Attachment(Hook.valueOf(parts[0].toUpperCase(Locale.ROOT)), Integer.parseInt(parts[1])));
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException notOurs) {
            return Optional.empty();
        }
    }

    BpfProgram program(Hook hook) throws IOException {
        return object.program(hook.program());
    }

    BpfMap map(String name) throws IOException {
        return object.map(name);
    }

    /**
     * Reads flow events that the programs have written and gives them to {@code reader}, on this thread, which it blocks.
     *
     * @param wait at most this long for the first
     * @return how many there were
     */
    public int readFlows(Duration wait, Consumer<FlowEvent> reader) throws IOException {
        List<FlowEvent> events = new ArrayList<>();
        synchronized (ringLock) {
            ring.poll(wait, record -> FlowEvents.read(record).ifPresent(events::add));
        }
        events.forEach(reader);
        return events.size();
    }

    /** Closes this process's descriptors. Everything that is pinned stays and packets go on. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        synchronized (ringLock) {
            ring.close();
        }
        object.close();
    }

    /** Takes every pinned program and map away and closes. */
    public synchronized void remove() throws IOException {
        for (Path pin : pins()) {
            Files.delete(pin);
        }
        Files.deleteIfExists(folder.resolve(LINKS));
        for (String map : MAPS) {
            Files.deleteIfExists(folder.resolve(map));
        }
        Files.deleteIfExists(folder);
        close();
    }

    /** Names of the pinned maps. */
    static List<String> maps() {
        return MAPS;
    }
}

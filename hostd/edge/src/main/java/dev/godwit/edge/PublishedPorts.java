package dev.godwit.edge;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Published ports that fit together and fit an edge. Immutable. */
public final class PublishedPorts {
    /** One map of rules of this size is replaced in well under a second. */
    public static final int PORTS_MAX = 16_384;

    private final List<PublishedPort> ports;

    private PublishedPorts(List<PublishedPort> ports) {
        this.ports = ports;
    }

    /** No ports. */
    public static PublishedPorts none() {
        return new PublishedPorts(List.of());
    }

    /**
     * Checks ports against each other and the edge.
     *
     * @throws IllegalArgumentException two want the same place, one leads to no VM or from no public address, or there are
     *     more than {@link #PORTS_MAX}; the sentence says which
     */
    public static PublishedPorts of(EdgeSides sides, Collection<PublishedPort> ports) {
        if (ports.size() > PORTS_MAX) {
            throw new IllegalArgumentException(ports.size() + " published ports, most is " + PORTS_MAX);
        }
        Map<PublishedPort.Place, PublishedPort> places = new LinkedHashMap<>();
        for (PublishedPort port : ports) {
            if (!sides.isVm(port.vm())) {
                throw new IllegalArgumentException(port.place() + " can't lead to "
                        + port.vm().getHostAddress() + ": no VM has an address outside of " + sides.vmPrefixes());
            }
            if (port.isV4() && !sides.isPublic(port.publicAddress())) {
                throw new IllegalArgumentException(
                        port.place() + " can't be published: the address is none of this edge's");
            }
            PublishedPort before = places.putIfAbsent(port.place(), port);
            if (before != null && !before.equals(port)) {
                throw new IllegalArgumentException(
                        port.place() + " leads to " + before.vm().getHostAddress() + " port " + before.vmPort()
                                + " already; unpublish that first, or choose another public port");
            }
        }
        return new PublishedPorts(List.copyOf(places.values()));
    }

    /** The ports, without doubles. */
    public List<PublishedPort> ports() {
        return ports;
    }
}

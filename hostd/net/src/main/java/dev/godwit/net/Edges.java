package dev.godwit.net;

import dev.godwit.linux.BpfMap;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The edge of each network. Thread-safe. */
public final class Edges {
    /** How many networks can have one. */
    public static final int MAX = 16_384;

    private static final int VALUE_BYTES = 2 * Addresses.BYTES;

    private final BpfMap edges;

    Edges(BpfMap edges) {
        this.edges = edges;
    }

    /** Makes this the network's edge; the write is one step for the programs. */
    public void put(Edge edge) throws IOException {
        byte[] value = Keys.buffer(VALUE_BYTES)
                .put(Addresses.mapped(edge.host()))
                .put(edge.other().map(Addresses::mapped).orElse(Keys.NO_ADDRESS))
                .array();
        edges.put(Keys.number(edge.vni()), value);
    }

    /** The edge of a network. */
    public Optional<Edge> of(int vni) throws IOException {
        return edges.get(Keys.number(vni)).map(value -> read(vni, value));
    }

    private static Edge read(int vni, byte[] value) {
        ByteBuffer bytes = Keys.read(value);
        InetAddress host = Keys.address(bytes);
        byte[] other = Keys.octets(bytes);
        return new Edge(vni, host, Addresses.isNone(other) ? Optional.empty() : Optional.of(Addresses.of(other)));
    }

    /** All edges, in no order. */
    public List<Edge> all() throws IOException {
        Map<Integer, Edge> all = new HashMap<>();
        for (byte[] key : edges.keys(MAX)) {
            int vni = Keys.read(key).getInt();
            of(vni).ifPresent(edge -> all.put(vni, edge));
        }
        return List.copyOf(all.values());
    }

    /** Takes a network's edge away. Absent is no error. */
    public void remove(int vni) throws IOException {
        edges.remove(Keys.number(vni));
    }
}

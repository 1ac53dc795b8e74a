package dev.godwit.net;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The edge of each network. Thread-safe. */
public final class Edges {
    /** How many networks can have one. */
    public static final int MAX = 16_384;

    /** Makes this the network's edge; the write is one step for the programs. */
    public void put(Edge edge) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The edge of a network. */
    public Optional<Edge> of(int vni) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** All edges, in no order. */
    public List<Edge> all() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Takes a network's edge away. Absent is no error. */
    public void remove(int vni) throws IOException {
        throw new UnsupportedOperationException();
    }
}

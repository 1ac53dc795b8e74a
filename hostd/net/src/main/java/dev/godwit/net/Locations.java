package dev.godwit.net;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Where VMs are. This process is the single writer; a lower fence is refused, programs never compare fences.
 * Thread-safe.
 */
public final class Locations {
    /** How many locations fit. */
    public static final int MAX = 131_072;

    /**
     * Writes a location, replacing an older one of the same address. The standing one's previous host may go on to pass
     * late packets, though not to speak, until the next move.
     *
     * @throws StaleFence a location with a higher fence stands
     */
    public void put(Location location) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Writes many locations in few calls; those with a lower fence than what stands are left out. */
    public int putAll(List<Location> locations) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The location of an address. */
    public Optional<Location> of(VmAddress vm) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** All that are known, in no order. */
    public List<Location> all() throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Forgets an address, unless a higher fence than {@code fence} stands. Absent is no error.
     *
     * @throws StaleFence a location with a higher fence stands
     */
    public void remove(VmAddress vm, long fence) throws IOException {
        throw new UnsupportedOperationException();
    }
}

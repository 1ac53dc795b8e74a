package dev.godwit.net;

import dev.godwit.linux.BpfMap;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where VMs are. This process is the single writer; a lower fence is refused, programs never compare fences.
 * Thread-safe.
 */
public final class Locations {
    /** How many locations fit. */
    public static final int MAX = 131_072;

    private static final int VALUE_BYTES = 56;
    private static final int BATCH = 4_096;

    private final BpfMap locations;
    private final BpfMap networks;

    Locations(BpfMap locations, BpfMap networks) {
        this.locations = locations;
        this.networks = networks;
    }

    /**
     * Writes a location, replacing an older one of the same address. The standing one's previous host may go on to pass
     * late packets, though not to speak, until the next move.
     *
     * @throws StaleFence a location with a higher fence stands
     */
    public synchronized void put(Location location) throws IOException {
        byte[] key = Keys.vm(location.vm());
        Optional<Entry> standing = locations.get(key).map(Entry::read);
        if (standing.isPresent() && standing.get().fence > location.fence()) {
            throw new StaleFence(location.vm(), location.fence(), standing.get().fence);
        }
        // The network first: who finds the location, finds the network too.
        networks.put(
                Addresses.mapped(location.vm().address()),
                Keys.number(location.vm().vni()));
        locations.put(key, Entry.of(location, standing).write());
    }

    /**
     * Writes many locations in few calls; those with a lower fence than what stands are left out.
     *
     * @return how many were written
     */
    public synchronized int putAll(List<Location> many) throws IOException {
        Map<VmAddress, Location> newest = new HashMap<>();
        for (Location location : many) {
            newest.merge(location.vm(), location, (a, b) -> b.fence() >= a.fence() ? b : a);
        }
        int written = 0;
        List<Location> batch = new ArrayList<>(BATCH);
        for (Location location : newest.values()) {
            batch.add(location);
            if (batch.size() == BATCH) {
                written += write(batch);
                batch.clear();
            }
        }
        return written + write(batch);
    }

    private int write(List<Location> batch) throws IOException {
        List<byte[]> addresses = new ArrayList<>();
        List<byte[]> numbers = new ArrayList<>();
        List<byte[]> keys = new ArrayList<>();
        List<byte[]> values = new ArrayList<>();
        for (Location location : batch) {
            byte[] key = Keys.vm(location.vm());
            Optional<Entry> standing = locations.get(key).map(Entry::read);
            if (standing.isPresent() && standing.get().fence > location.fence()) {
                continue;
            }
            addresses.add(Addresses.mapped(location.vm().address()));
            numbers.add(Keys.number(location.vm().vni()));
            keys.add(key);
            values.add(Entry.of(location, standing).write());
        }
        networks.putAll(addresses, numbers);
        locations.putAll(keys, values);
        return keys.size();
    }

    /** The location of an address. */
    public Optional<Location> of(VmAddress vm) throws IOException {
        return locations.get(Keys.vm(vm)).map(value -> Entry.read(value).location(vm));
    }

    /** All that are known, in no order. */
    public List<Location> all() throws IOException {
        Map<VmAddress, Location> all = new HashMap<>();
        for (byte[] key : locations.keys(MAX)) {
            VmAddress vm = Keys.vm(key);
            of(vm).ifPresent(location -> all.put(vm, location));
        }
        return List.copyOf(all.values());
    }

    /**
     * Forgets an address. Absent is no error.
     *
     * @throws StaleFence a location with a higher fence than {@code fence} stands
     */
    public synchronized void remove(VmAddress vm, long fence) throws IOException {
        Optional<Location> standing = of(vm);
        if (standing.isEmpty()) {
            return;
        }
        if (standing.get().fence() > fence) {
            throw new StaleFence(vm, fence, standing.get().fence());
        }
        locations.remove(Keys.vm(vm));
        byte[] address = Addresses.mapped(vm.address());
        if (networks.get(address)
                .filter(network -> Arrays.equals(network, Keys.number(vm.vni())))
                .isPresent()) {
            networks.remove(address);
        }
    }

    /** Bytes of kernel memory that the maps take. */
    public long memoryBytes() throws IOException {
        return locations.memoryBytes() + networks.memoryBytes();
    }

    /** A {@code struct location}. */
    private record Entry(long fence, byte[] host, byte[] previous, byte[] forwarder) {
        static Entry read(byte[] value) {
            ByteBuffer bytes = Keys.read(value);
            return new Entry(bytes.getLong(), Keys.octets(bytes), Keys.octets(bytes), Keys.octets(bytes));
        }

        static Entry of(Location location, Optional<Entry> standing) {
            byte[] host = Addresses.mapped(location.host());
            byte[] previous = location.previousHost().map(Addresses::mapped).orElse(Keys.NO_ADDRESS);
            byte[] forwarder = standing.map(entry -> entry.passesOn(host)).orElse(Keys.NO_ADDRESS);
            return new Entry(location.fence(), host, previous, forwarder);
        }

        /** Who may still pass on late packets to the VM once it is behind {@code newHost}. */
        private byte[] passesOn(byte[] newHost) {
            if (!Arrays.equals(host, newHost)) {
                return host;
            }
            return Addresses.isNone(previous) ? forwarder : previous;
        }

        byte[] write() {
            return Keys.buffer(VALUE_BYTES)
                    .putLong(fence)
                    .put(host)
                    .put(previous)
                    .put(forwarder)
                    .array();
        }

        Location location(VmAddress vm) {
            Optional<InetAddress> speaker =
                    Addresses.isNone(previous) ? Optional.empty() : Optional.of(Addresses.of(previous));
            return new Location(vm, Addresses.of(host), fence, speaker);
        }
    }
}

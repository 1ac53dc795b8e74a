package dev.godwit.net;

import dev.godwit.linux.BpfMap;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The VMs of this host. Thread-safe. */
public final class Ports {
    /** How many addresses of VMs a host can have. */
    public static final int ADDRESSES_MAX = 16_384;
    /** How many taps a host can have. */
    public static final int TAPS_MAX = 4_096;
    /** How much may wait for a held VM unless told otherwise, in bytes. */
    public static final long HELD_BYTES_MAX = 64L << 20;

    private static final int TAP_BYTES = 16;
    private static final int PORT_BYTES = 32;
    private static final int TRAFFIC_BYTES = 64;

    private final BpfMap taps;
    private final BpfMap ports;
    private final BpfMap held;
    private final BpfMap traffic;
    /** By tap, what this process, the map's single writer, gave it; some may be another tap's by now. */
    private @Nullable Map<Integer, Set<VmAddress>> given;

    Ports(BpfMap taps, BpfMap ports, BpfMap held, BpfMap traffic) {
        this.taps = taps;
        this.ports = ports;
        this.held = held;
        this.traffic = traffic;
    }

    /**
     * Writes a port, replacing the one of the same tap: its addresses, policy and state. An address that another tap has
     * goes over to this one.
     */
    public synchronized void put(Port port) throws IOException {
        byte[] tap = Keys.number(port.tapIndex());
        traffic.putIfAbsent(tap, new byte[TRAFFIC_BYTES]);
        held.putIfAbsent(tap, heldAtMost(HELD_BYTES_MAX));
        Optional<Port> before = ofTap(port.tapIndex());
        if (port.state() == PortState.HOLD
                && before.filter(old -> old.state() == PortState.HOLD).isEmpty()) {
            holdAtMost(port.tapIndex(), heldBytesMax(tap));
        }
        taps.put(tap, tapValue(port));
        byte[] value = portValue(port);
        for (InetAddress address : port.addresses()) {
            VmAddress own = new VmAddress(port.vni(), address);
            // First: a write that fails may have been one.
            given().computeIfAbsent(port.tapIndex(), absent -> new LinkedHashSet<>())
                    .add(own);
            ports.put(Keys.vm(own), value);
        }
        if (before.isPresent()) {
            Set<VmAddress> gone = addresses(before.get());
            gone.removeAll(addresses(port));
            removeAddresses(gone, port.tapIndex());
        }
    }

    private static Set<VmAddress> addresses(Port port) {
        Set<VmAddress> addresses = new LinkedHashSet<>();
        port.addresses().forEach(address -> addresses.add(new VmAddress(port.vni(), address)));
        return addresses;
    }

    private void removeAddresses(Set<VmAddress> addresses, int tapIndex) throws IOException {
        for (VmAddress address : addresses) {
            byte[] key = Keys.vm(address);
            Optional<byte[]> value = ports.get(key);
            if (value.isPresent() && Keys.read(value.get()).getInt() == tapIndex) {
                ports.remove(key);
            }
            Set<VmAddress> own = given().get(tapIndex);
            if (own != null) {
                own.remove(address);
            }
        }
    }

    /** What an earlier process wrote is read once. */
    private Map<Integer, Set<VmAddress>> given() throws IOException {
        Map<Integer, Set<VmAddress>> known = given;
        if (known == null) {
            known = new HashMap<>();
            for (byte[] key : ports.keys(ADDRESSES_MAX)) {
                Optional<byte[]> value = ports.get(key);
                if (value.isPresent()) {
                    known.computeIfAbsent(Keys.read(value.get()).getInt(), absent -> new LinkedHashSet<>())
                            .add(Keys.vm(key));
                }
            }
            given = known;
        }
        return known;
    }

    /** The port of a tap. */
    public synchronized Optional<Port> ofTap(int tapIndex) throws IOException {
        Optional<byte[]> tap = taps.get(Keys.number(tapIndex));
        List<InetAddress> own = new ArrayList<>();
        byte[] value = null;
        for (VmAddress address : given().getOrDefault(tapIndex, Set.of())) {
            Optional<byte[]> standing = ports.get(Keys.vm(address));
            if (standing.isPresent() && Keys.read(standing.get()).getInt() == tapIndex) {
                own.add(address.address());
                value = standing.get();
            }
        }
        return tap.isEmpty() || value == null ? Optional.empty() : Optional.of(read(tapIndex, tap.get(), value, own));
    }

    /** All ports, in no order. */
    public List<Port> all() throws IOException {
        Map<Integer, List<InetAddress>> addresses = new HashMap<>();
        Map<Integer, byte[]> values = new HashMap<>();
        for (byte[] key : ports.keys(ADDRESSES_MAX)) {
            Optional<byte[]> value = ports.get(key);
            if (value.isPresent()) {
                int tap = Keys.read(value.get()).getInt();
                addresses
                        .computeIfAbsent(tap, absent -> new ArrayList<>())
                        .add(Keys.vm(key).address());
                values.put(tap, value.get());
            }
        }
        List<Port> all = new ArrayList<>();
        for (Map.Entry<Integer, byte[]> entry : values.entrySet()) {
            int tap = entry.getKey();
            Optional<byte[]> tapValue = taps.get(Keys.number(tap));
            if (tapValue.isPresent()) {
                List<InetAddress> own = addresses.getOrDefault(tap, List.of());
                all.add(read(tap, tapValue.get(), entry.getValue(), own));
            }
        }
        return List.copyOf(all);
    }

    private static Port read(int tapIndex, byte[] tapValue, byte[] portValue, List<InetAddress> addresses) {
        ByteBuffer tap = Keys.read(tapValue);
        int vni = tap.getInt();
        int policy = tap.getInt();
        byte[] mac = new byte[MacAddress.BYTES];
        tap.get(mac);
        int mtu = Short.toUnsignedInt(tap.getShort());
        ByteBuffer port = Keys.read(portValue).position(2 * Integer.BYTES + MacAddress.BYTES);
        PortState state = PortState.values()[port.get()];
        port.get();
        byte[] forward = Keys.octets(port);
        Optional<InetAddress> host = state == PortState.FORWARD ? Optional.of(Addresses.of(forward)) : Optional.empty();
        return new Port(vni, MacAddress.of(mac), addresses, tapIndex, policy, mtu, state, host);
    }

    private static byte[] tapValue(Port port) {
        return Keys.buffer(TAP_BYTES)
                .putInt(port.vni())
                .putInt(port.policyId())
                .put(port.mac().octets())
                .putShort((short) port.mtu())
                .array();
    }

    private static byte[] portValue(Port port) {
        return Keys.buffer(PORT_BYTES)
                .putInt(port.tapIndex())
                .putInt(port.policyId())
                .put(port.mac().octets())
                .put((byte) port.state().ordinal())
                .put((byte) 0)
                .put(port.forwardTo().map(Addresses::mapped).orElse(Keys.NO_ADDRESS))
                .array();
    }

    /** Forgets a port; its VM is neither heard nor reached. Absent is no error. */
    public synchronized void remove(int tapIndex) throws IOException {
        removeAddresses(Set.copyOf(given().getOrDefault(tapIndex, Set.of())), tapIndex);
        given().remove(tapIndex);
        byte[] tap = Keys.number(tapIndex);
        taps.remove(tap);
        held.remove(tap);
        traffic.remove(tap);
    }

    /**
     * Limits what may wait for a held VM, {@link #HELD_BYTES_MAX} without a call, and starts the count at zero, as every
     * new hold does. Beyond the limit the newest is dropped as {@link DropReason#HOLD_FULL}.
     */
    public void holdAtMost(int tapIndex, long bytesMax) throws IOException {
        if (bytesMax < 0) {
            throw new IllegalArgumentException("a limit of " + bytesMax + " bytes for held packets is negative");
        }
        held.put(Keys.number(tapIndex), heldAtMost(bytesMax));
    }

    private long heldBytesMax(byte[] tap) throws IOException {
        return held.get(tap).map(value -> Keys.read(value).getLong(Long.BYTES)).orElse(HELD_BYTES_MAX);
    }

    private static byte[] heldAtMost(long bytesMax) {
        return Keys.buffer(2 * Long.BYTES).putLong(0).putLong(bytesMax).array();
    }

    /** Bytes that were put in the queue of a held VM since its hold started. */
    public long heldBytes(int tapIndex) throws IOException {
        return held.get(Keys.number(tapIndex))
                .map(value -> Keys.read(value).getLong())
                .orElse(0L);
    }

    /** What one VM has sent and got; nothing, if the tap is no port. */
    public PortTraffic traffic(int tapIndex) throws IOException {
        Traffic out = Traffic.NONE;
        Traffic in = Traffic.NONE;
        Traffic dropped = Traffic.NONE;
        long opened = 0;
        Optional<byte[]> values = traffic.get(Keys.number(tapIndex));
        if (values.isPresent()) {
            ByteBuffer bytes = Keys.read(values.get());
            while (bytes.hasRemaining()) {
                out = out.plus(new Traffic(bytes.getLong(), bytes.getLong()));
                in = in.plus(new Traffic(bytes.getLong(), bytes.getLong()));
                dropped = dropped.plus(new Traffic(bytes.getLong(), bytes.getLong()));
                opened += bytes.getLong();
                bytes.getLong(); // when a drop was last told
            }
        }
        return new PortTraffic(out, in, opened, dropped);
    }
}

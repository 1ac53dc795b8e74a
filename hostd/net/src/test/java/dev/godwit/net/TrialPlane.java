package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.linux.BpfMap;
import dev.godwit.linux.BpfProgram;
import dev.godwit.linux.Mount;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A host's data plane on which frames are tried: the product's programs, with redirects and tunnel keys written down.
 *
 * <p>This host is {@link #HERE}. In network 7: {@link #VM} behind interface 1, its {@link #NEIGHBOUR} behind interface
 * 11, {@link #FAR} behind {@link #THERE}. In network 8: {@link #FOREIGN} behind THERE. Network 7 has an edge.
 */
final class TrialPlane implements AutoCloseable {
    static final int SHOT = 2;
    static final int PASSED = 0;
    static final int REDIRECTED = 7;
    static final int TAP = 1; // the one device that every network namespace has
    static final int NEIGHBOUR_TAP = 11;
    static final int VXLAN = 40;
    static final int NETWORK = 7;
    static final int FORWARDED = 1 << 22;
    static final int POLICY = 1;
    static final int MTU = 1370;
    static final InetAddress HERE = Addresses.literal("10.9.0.1");
    static final InetAddress THERE = Addresses.literal("10.9.0.2");
    static final InetAddress THIRD = Addresses.literal("10.9.0.3");
    static final InetAddress EDGE = Addresses.literal("10.9.0.9");
    static final InetAddress STAND_BY = Addresses.literal("10.9.0.10");
    static final String VM = "10.64.0.10";
    static final String VM6 = "fd00:64::10";
    static final String NEIGHBOUR = "10.64.0.11";
    static final String NEIGHBOUR6 = "fd00:64::11";
    static final String FAR = "10.64.0.20";
    static final String FAR6 = "fd00:64::20";
    static final String FOREIGN = "10.65.0.30";
    static final String OUTSIDE = "198.51.100.7";
    static final String OUTSIDE6 = "2001:db8::7";
    static final MacAddress VM_MAC = MacAddress.parse("02:00:00:00:00:0a");
    static final MacAddress NEIGHBOUR_MAC = MacAddress.parse("02:00:00:00:00:0b");
    /** What the VM sends. */
    static final Frames FROM_VM = new Frames(VM_MAC, Gateway.MAC);
    /** What comes out of a tunnel. */
    static final Frames FROM_TUNNEL = new Frames(MacAddress.parse("02:11:11:11:11:11"), Gateway.MAC);

    static final Policy OPEN = Policy.standard(List.of(Prefix.parse("10.9.0.0/24")));
    private static final int RECORD_BYTES = 112;
    private static final int KEY_AT = 24;
    private static final int KEY_BYTES = 44;

    private final Path mount;
    private final DataPlaneMaps maps;
    private final BpfMap record;
    private final byte[] world = new byte[RECORD_BYTES];
    private Map<DropReason, Traffic> out = Map.of();
    private Map<DropReason, Traffic> in = Map.of();

    private TrialPlane(Path mount, DataPlaneMaps maps) throws IOException {
        this.mount = mount;
        this.maps = maps;
        this.record = maps.map("record");
    }

    /** Made anew, with everything that the class comment says. */
    static TrialPlane make(Path folder) throws IOException {
        Path mount = Files.createDirectories(folder.resolve("bpf"));
        Mount.bpf(mount);
        TrialPlane plane = new TrialPlane(mount, DataPlaneMaps.open(mount, object()));
        plane.furnish();
        return plane;
    }

    private static byte[] object() throws IOException {
        try (InputStream resource = TrialPlane.class.getResourceAsStream("recorded.bpf.o")) {
            assertThat(resource).as("made by native/bpf's Makefile").isNotNull();
            return resource.readAllBytes();
        }
    }

    private void furnish() throws IOException {
        maps.configure(new Settings(HERE, VXLAN, Settings.STACK_MARK));
        maps.lease().forever();
        maps.peers().set(Set.of(THERE, THIRD, EDGE, STAND_BY));
        maps.edges().put(new Edge(NETWORK, EDGE, Optional.of(STAND_BY)));
        maps.policies().put(POLICY, OPEN);
        maps.ports().put(port());
        maps.ports().put(neighbour());
        for (String address : List.of(VM, VM6, NEIGHBOUR, NEIGHBOUR6)) {
            maps.locations().put(Location.settled(vm(address), HERE, 5));
        }
        for (String address : List.of(FAR, FAR6)) {
            maps.locations().put(Location.settled(vm(address), THERE, 5));
        }
        maps.locations().put(Location.settled(new VmAddress(8, Addresses.literal(FOREIGN)), THERE, 5));
        forgetCounts();
    }

    static VmAddress vm(String address) {
        return new VmAddress(NETWORK, Addresses.literal(address));
    }

    static Port port() {
        return new Port(
                NETWORK,
                VM_MAC,
                List.of(Addresses.literal(VM), Addresses.literal(VM6)),
                TAP,
                POLICY,
                MTU,
                PortState.LIVE,
                Optional.empty());
    }

    static Port neighbour() {
        return new Port(
                NETWORK,
                NEIGHBOUR_MAC,
                List.of(Addresses.literal(NEIGHBOUR), Addresses.literal(NEIGHBOUR6)),
                NEIGHBOUR_TAP,
                POLICY,
                MTU,
                PortState.LIVE,
                Optional.empty());
    }

    DataPlaneMaps maps() {
        return maps;
    }

    /** From here on the kernel refuses to set tunnel keys. */
    void refuseKeys() {
        ByteBuffer.wrap(world).order(ByteOrder.LITTLE_ENDIAN).putInt(12, 1);
    }

    /** The next frames came through a tunnel from this host, under this identifier. */
    void arriveFrom(InetAddress host, int id) {
        ByteBuffer bytes = Keys.read(world);
        byte[] octets = host.getAddress();
        bytes.putInt(16, octets.length == 4 ? 4 : 6);
        bytes.putInt(KEY_AT + KEY_BYTES, id);
        if (octets.length == 4) {
            bytes.putInt(KEY_AT + KEY_BYTES + 4, ByteBuffer.wrap(octets).getInt());
        } else {
            bytes.put(KEY_AT + KEY_BYTES + 4, octets);
        }
    }

    /** The next frames came through no tunnel. */
    void arriveFromNowhere() {
        Keys.read(world).putInt(16, 0);
    }

    /** What the VM sends. */
    Outcome send(byte[] frame) throws IOException {
        return run(Hook.VM_OUT, BpfProgram.Frame.of(frame, TAP));
    }

    /** What the VM has sent, at the VXLAN device when it has waited. */
    Outcome leave(byte[] frame) throws IOException {
        arriveFromNowhere();
        return run(Hook.VX_OUT, BpfProgram.Frame.of(frame, TAP));
    }

    Outcome receive(InetAddress from, int id, byte[] frame) throws IOException {
        return arrive(Hook.VX_IN, from, id, frame);
    }

    Outcome arrive(Hook hook, InetAddress from, int id, byte[] frame) throws IOException {
        arriveFrom(from, id);
        return run(hook, BpfProgram.Frame.of(frame, TAP));
    }

    Outcome run(Hook hook, BpfProgram.Frame frame) throws IOException {
        record.put(Keys.ZERO, world);
        BpfProgram.Trial trial = maps.program(hook).tryOn(frame);
        ByteBuffer bytes = Keys.read(record.get(Keys.ZERO).orElseThrow());
        int redirects = bytes.getInt();
        int redirectedTo = bytes.getInt();
        int keys = bytes.getInt();
        bytes.position(KEY_AT);
        int id = bytes.getInt();
        byte[] remote = new byte[16];
        bytes.get(remote);
        return new Outcome(trial, redirects == 0 ? 0 : redirectedTo, keys == 0 ? Optional.empty() : key(id, remote));
    }

    private static Optional<TunnelKey> key(int id, byte[] remote) {
        boolean v4 = Addresses.isNone(Arrays.copyOfRange(Frames.join(remote, new byte[4]), 4, 20));
        byte[] octets = v4 ? new byte[] {remote[3], remote[2], remote[1], remote[0]} : remote;
        try {
            return Optional.of(new TunnelKey(id, InetAddress.getByAddress(octets)));
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    record TunnelKey(int id, InetAddress host) {}

    /** What a program did with a frame. */
    record Outcome(BpfProgram.Trial trial, int redirectedTo, Optional<TunnelKey> key) {
        byte[] frame() {
            return trial.frame();
        }

        /** It went to another host through the VXLAN device. */
        Outcome wentTo(InetAddress host, int id) {
            assertThat(trial.returned()).isEqualTo(REDIRECTED);
            assertThat(redirectedTo).isEqualTo(VXLAN);
            assertThat(key).contains(new TunnelKey(id, host));
            return this;
        }

        /** It went into a tap of this host, from the gateway. */
        Outcome wentInto(int tap, MacAddress mac) {
            assertThat(trial.returned()).isEqualTo(REDIRECTED);
            assertThat(redirectedTo).isEqualTo(tap);
            assertThat(key).isEmpty();
            assertThat(Frames.part(frame(), 0, 12)).isEqualTo(Frames.join(mac.octets(), Gateway.MAC.octets()));
            return this;
        }
    }

    void forgetCounts() throws IOException {
        out = maps.counters().dropped(Direction.OUT);
        in = maps.counters().dropped(Direction.IN);
    }

    /** What was dropped since the last question: packets by reason, as {@code OUT spoof}. */
    Map<String, Long> dropped() throws IOException {
        Map<String, Long> fresh = new HashMap<>();
        add(fresh, Direction.OUT, out);
        add(fresh, Direction.IN, in);
        forgetCounts();
        return fresh;
    }

    private void add(Map<String, Long> fresh, Direction direction, Map<DropReason, Traffic> before) throws IOException {
        maps.counters().dropped(direction).forEach((reason, now) -> {
            long packets =
                    now.packets() - before.getOrDefault(reason, Traffic.NONE).packets();
            if (packets != 0) {
                fresh.put(direction + " " + reason.label(), packets);
            }
        });
    }

    /** The frame was dropped, for this reason and no other. */
    void assertDropped(Outcome outcome, Direction direction, DropReason reason) throws IOException {
        assertThat(dropped()).isEqualTo(Map.of(direction + " " + reason.label(), 1L));
        assertThat(outcome.trial().returned()).isEqualTo(SHOT);
        assertThat(outcome.redirectedTo()).isZero();
    }

    long passed(Way way) throws IOException {
        return maps.counters().passed().getOrDefault(way, Traffic.NONE).packets();
    }

    @Override
    public void close() throws IOException {
        maps.close();
        Mount.unmount(mount);
    }
}

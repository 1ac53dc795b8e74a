package dev.godwit.net;

import dev.godwit.linux.BpfMap;
import dev.godwit.linux.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The open flows of this host's VMs: what lets answers pass. They move with their VM. Thread-safe. */
public final class Connections {
    /** How many are kept; the longest idle goes first. */
    public static final int MAX = 131_072;

    private static final int VALUE_BYTES = 16;

    private final BpfMap flows;

    Connections(BpfMap flows) {
        this.flows = flows;
    }

    /** The open flows of a VM's address, for the host that it moves to. */
    public List<OpenFlow> of(VmAddress vm) throws IOException {
        long now = Clock.BOOTTIME.nanos();
        Map<FlowKey, OpenFlow> found = new LinkedHashMap<>();
        for (byte[] key : keys(vm)) {
            Optional<byte[]> value = flows.get(key);
            if (value.isPresent()) {
                FlowKey flow = Keys.flow(Keys.read(key));
                found.put(flow, read(flow, value.get(), now));
            }
        }
        return List.copyOf(found.values());
    }

    private static OpenFlow read(FlowKey key, byte[] value, long now) {
        ByteBuffer bytes = Keys.read(value);
        Duration idle = Duration.ofNanos(Math.max(0, now - bytes.getLong()));
        Direction opener = bytes.get() == 0 ? Direction.OUT : Direction.IN;
        return new OpenFlow(key, idle, opener, bytes.get() != 0);
    }

    private List<byte[]> keys(VmAddress vm) throws IOException {
        byte[] prefix = Keys.vm(vm);
        List<byte[]> own = new ArrayList<>();
        for (byte[] key : flows.keys(MAX)) {
            if (Arrays.equals(prefix, 0, prefix.length, key, 0, prefix.length)) {
                own.add(key);
            }
        }
        return own;
    }

    /** Takes flows over; one that is known here is kept as it is. */
    public void add(List<OpenFlow> taken) throws IOException {
        long now = Clock.BOOTTIME.nanos();
        for (OpenFlow flow : taken) {
            byte[] value = Keys.buffer(VALUE_BYTES)
                    .putLong(Math.max(0, now - flow.idle().toNanos()))
                    .put((byte) flow.opener().ordinal())
                    .put((byte) (flow.closing() ? 1 : 0))
                    .array();
            flows.putIfAbsent(Keys.flow(flow.key()), value);
        }
    }

    /** Forgets the flows of a VM's address: its next packets are judged anew. */
    public void remove(VmAddress vm) throws IOException {
        for (byte[] key : keys(vm)) {
            flows.remove(key);
        }
    }
}

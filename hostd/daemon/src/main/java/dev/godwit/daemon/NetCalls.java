package dev.godwit.daemon;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.net.Addresses;
import dev.godwit.net.Direction;
import dev.godwit.net.FlowKey;
import dev.godwit.net.HeldFrames;
import dev.godwit.net.OpenFlow;
import dev.godwit.net.VmAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** The calls between two hostds about where packets go, as they stand on the wire. */
final class NetCalls {
    static final String PREFIX = "net.";
    /** Any host to any other: the owner of a VM says behind which host it answers ({@link LocationWord}). */
    static final String WORD = "net.word";
    /** An edge says that it is the active one. */
    static final String EDGE = PREFIX + "edge";
    /** Source to target: flows of the VM that policy has let pass. */
    static final String FLOWS = "net.flows";
    /** Source to target: packets that the guest did not take in time; they wait there behind what waits. */
    static final String CARRY = "net.carry";
    /** Source to target of a move that is rolled back: what waits for the VM. */
    static final String FETCH = "net.fetch";

    /** In base64 below what a call may carry; a frame has at most 70,000 bytes. */
    static final int FRAME_BYTES_MOST = 512 << 10;
    /** About 150 bytes each. */
    static final int FLOWS_MOST = 4_000;

    private static final ObjectMapper json = new ObjectMapper();

    private NetCalls() {}

    /** One open flow. */
    record Flow(
            int vni,
            String address,
            String remote,
            int protocol,
            int vmPort,
            int remotePort,
            long idleMillis,
            boolean openedByVm,
            boolean closing) {
        static Flow of(OpenFlow flow) {
            FlowKey key = flow.key();
            return new Flow(
                    key.vm().vni(),
                    key.vm().address().getHostAddress(),
                    key.remote().getHostAddress(),
                    key.protocol(),
                    key.vmPort(),
                    key.remotePort(),
                    flow.idle().toMillis(),
                    flow.opener() == Direction.OUT,
                    flow.closing());
        }

        OpenFlow open() {
            return new OpenFlow(
                    new FlowKey(
                            new VmAddress(vni, Addresses.literal(address)),
                            Addresses.literal(remote),
                            protocol,
                            vmPort,
                            remotePort),
                    Duration.ofMillis(idleMillis),
                    openedByVm ? Direction.OUT : Direction.IN,
                    closing);
        }
    }

    record Flows(String vmId, String moveId, List<Flow> flows) {}

    record Carry(String vmId, String moveId, List<byte[]> frames) {}

    /**
     * @param count whose places {@code from} counts in, as the last answer said; empty at first
     * @param from the place of the first frame that the source has not got yet
     * @param last whether the target passes on what comes to it afterwards
     */
    record Fetch(String vmId, String moveId, String count, int from, boolean last) {}

    /**
     * @param count names the count of places: a hostd that was started anew begins another
     * @param first the place of the first of {@code frames}
     * @param more whether there are more, to be asked for at once
     */
    record Fetched(String count, int first, List<byte[]> frames, boolean more) {
        HeldFrames held() {
            return new HeldFrames(frames);
        }
    }

    static byte[] write(Object call) throws IOException {
        return json.writeValueAsBytes(call);
    }

    static <T> T read(byte[] bytes, Class<T> type) throws IOException {
        return json.readValue(bytes, type);
    }
}

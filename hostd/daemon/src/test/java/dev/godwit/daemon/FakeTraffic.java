package dev.godwit.daemon;

import dev.godwit.api.Flow;
import dev.godwit.api.HostTraffic;
import dev.godwit.api.TrafficCount;
import dev.godwit.api.TrafficDirection;
import dev.godwit.net.CaptureLimit;
import dev.godwit.net.DropReason;
import dev.godwit.net.Way;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The traffic of VMs that exist only in memory: what a test says happened. */
final class FakeTraffic {
    static final int PCAP_HEAD_BYTES = 24;
    static final int FRAME_BYTES = 60;
    /** A capture writes these at once and then waits for a bound. */
    static final int FRAMES = 3;

    private final Map<String, FlowRing> flows = new ConcurrentHashMap<>();
    private final Map<String, CountDownLatch> captures = new ConcurrentHashMap<>();

    void happened(String vmId, Flow flow) {
        ring(vmId).add(flow);
    }

    /** Who follows or captures the VM at its host is told that it left. */
    void left(String vmId) {
        Optional.ofNullable(flows.remove(vmId)).ifPresent(FlowRing::end);
        Optional.ofNullable(captures.remove(vmId)).ifPresent(CountDownLatch::countDown);
    }

    boolean isCaptured(String vmId) {
        return captures.containsKey(vmId);
    }

    private FlowRing ring(String vmId) {
        return flows.computeIfAbsent(vmId, any -> new FlowRing());
    }

    VmTraffic at(String host) {
        return new VmTraffic() {
            @Override
            public Optional<HostTraffic> counts() {
                List<TrafficCount> dropped = new ArrayList<>();
                for (TrafficDirection direction : TrafficDirection.values()) {
                    for (DropReason reason : DropReason.values()) {
                        int packets = reason == DropReason.POLICY ? 7 : 0;
                        dropped.add(new TrafficCount(reason.label(), direction, packets, packets * 74L));
                    }
                }
                List<TrafficCount> passed = new ArrayList<>();
                for (Way way : Way.values()) {
                    passed.add(new TrafficCount(way.label(), null, way == Way.HELD ? 5 : 0, way == Way.HELD ? 500 : 0));
                }
                return Optional.of(new HostTraffic(host, dropped, passed));
            }

            @Override
            public FlowReader flows(String vmId) {
                return ring(vmId).reader();
            }

            @Override
            public void capture(String vmId, CaptureLimit limit, OutputStream to) throws IOException {
                CountDownLatch left = captures.computeIfAbsent(vmId, any -> new CountDownLatch(1));
                ByteBuffer file = ByteBuffer.allocate(PCAP_HEAD_BYTES + FRAMES * (16 + FRAME_BYTES))
                        .order(ByteOrder.LITTLE_ENDIAN);
                file.putInt(0xa1b23c4d).putShort((short) 2).putShort((short) 4).putLong(0);
                file.putInt(limit.frameBytes()).putInt(1);
                int frames = (int) Math.min(FRAMES, limit.frames());
                for (int i = 0; i < frames; i++) {
                    file.putInt(i)
                            .putInt(0)
                            .putInt(FRAME_BYTES)
                            .putInt(FRAME_BYTES)
                            .put(new byte[FRAME_BYTES]);
                }
                to.write(file.array(), 0, file.position());
                to.flush();
                if (frames == limit.frames()) {
                    return;
                }
                try {
                    boolean gone = left.await(limit.time().toMillis(), TimeUnit.MILLISECONDS);
                    if (gone) {
                        to.flush();
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
    }
}

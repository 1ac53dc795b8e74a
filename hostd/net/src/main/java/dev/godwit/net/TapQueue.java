package dev.godwit.net;

import dev.godwit.linux.Link;
import dev.godwit.linux.Links;
import dev.godwit.linux.Pidfd;
import dev.godwit.linux.Tap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The queue of a VM's tap while the VM moves, through a duplicate of the VMM's own descriptor: what the kernel has put
 * there and the VMM has not read yet. At the target it is the hold; at the source it must be empty before the pause.
 *
 * <p>Two habits of QEMU decide the order of things. A QEMU that waits for a state reads exactly one frame, with a header
 * size that may be wrong, and stops; so it is given a dummy. {@code stop} with a full receive ring loses what QEMU has
 * in hand; so after the queue is seen empty the guest gets a settling time.
 *
 * <p>Not thread-safe. To be closed as soon as the move is over: while it is open the device counts as attached.
 */
final class TapQueue implements AutoCloseable {
    /** The header size of a virtio-net driver that is started. The VMM sets it again when it has the guest's state. */
    static final int HEADER_BYTES = 12;
    /** IEEE 802 local experimental: no guest's stack looks at it. */
    static final int DUMMY_TYPE = 0x88b5;

    private static final int ETHERNET_TYPE_AT = 12;
    private static final int ETHERNET_BYTES_MIN = 60;
    private static final int ETHERNET_HEADER_BYTES = 14;
    /** The kernel activates a device that a VMM has opened from a worker: 56 frames were lost to that under load. */
    private static final Duration ACTIVE_WITHIN = Duration.ofSeconds(5);
    /** A VMM that reads its one frame does so at once; one that does not read at all is as good. */
    private static final Duration DUMMY_READ_WITHIN = Duration.ofMillis(200);
    /** A queue that is empty twice, this far apart, was not just between two frames. */
    private static final Duration LOOK_AGAIN_AFTER = Duration.ofNanos(300_000);
    /** What the VMM took last is in the guest's memory after that. */
    private static final Duration SETTLE = Duration.ofMillis(4);

    private final Pidfd vmm;
    private final Tap tap;
    private final Links links;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment room = arena.allocate(HeldFrames.FRAME_BYTES_MAX);

    private TapQueue(Pidfd vmm, Tap tap, Links links) {
        this.vmm = vmm;
        this.tap = tap;
        this.links = links;
    }

    /**
     * Takes a duplicate of the VMM's descriptor.
     *
     * @param vmm borrowed for as long as this is open
     * @param links borrowed
     */
    static TapQueue of(Pidfd vmm, String interfaceName, Links links) throws IOException {
        return new TapQueue(vmm, Tap.takeFrom(vmm, interfaceName), links);
    }

    /**
     * Makes the queue the hold of a VM that is to arrive: from here on every frame that is sent to the device waits in
     * it until the VMM runs.
     *
     * @throws IOException the device did not become active in time: frames would be dropped
     */
    void holdForArrival(FrameInjector injector) throws IOException {
        tap.setHeaderBytes(HEADER_BYTES);
        long sentBefore = awaitActive().sent();
        injector.inject(dummy());
        awaitSeenThrough(sentBefore);
        long deadline = System.nanoTime() + DUMMY_READ_WITHIN.toNanos();
        while (tap.hasFrames(Duration.ZERO) && System.nanoTime() < deadline) {
            ShortWait.of(LOOK_AGAIN_AFTER);
        }
    }

    private Link awaitActive() throws IOException {
        long deadline = System.nanoTime() + ACTIVE_WITHIN.toNanos();
        while (true) {
            Link link = link();
            if (link.isActive()) {
                return link;
            }
            if (System.nanoTime() > deadline) {
                throw new IOException("the tap " + tap.interfaceName() + " is not active after "
                        + ACTIVE_WITHIN.toSeconds() + " s (up " + link.up() + ", carrier " + link.running()
                        + ", queueing " + link.queueing() + "); frames for its VM would be dropped");
            }
            ShortWait.of(LOOK_AGAIN_AFTER);
        }
    }

    /** A frame that is lost on every guest. */
    static HeldFrames dummy() {
        byte[] dummy = new byte[HeldFrames.HEADER_BYTES + ETHERNET_BYTES_MIN];
        // To and from locally administered addresses that nobody has.
        dummy[HeldFrames.HEADER_BYTES] = 2;
        dummy[HeldFrames.HEADER_BYTES + MacAddress.BYTES] = 2;
        dummy[HeldFrames.HEADER_BYTES + ETHERNET_TYPE_AT] = (byte) (DUMMY_TYPE >> 8);
        dummy[HeldFrames.HEADER_BYTES + ETHERNET_TYPE_AT + 1] = (byte) DUMMY_TYPE;
        return new HeldFrames(List.of(dummy));
    }

    private void awaitSeenThrough(long sentBefore) throws IOException {
        long deadline = System.nanoTime() + ACTIVE_WITHIN.toNanos();
        while (!tap.hasFrames(Duration.ZERO) && link().sent() == sentBefore) {
            if (System.nanoTime() > deadline) {
                throw new IOException("a frame that was sent to the tap " + tap.interfaceName()
                        + " did not come out of it within " + ACTIVE_WITHIN.toSeconds() + " s");
            }
            ShortWait.of(LOOK_AGAIN_AFTER);
        }
    }

    /** Makes the VMM wait when frames of this many bytes are under way from it. */
    void bound(int sendBufferBytes) throws IOException {
        tap.setSendBufferBytes(sendBufferBytes);
    }

    private Link link() throws IOException {
        return links.find(tap.interfaceName())
                .orElseThrow(() -> new IOException("the tap " + tap.interfaceName() + " is gone"));
    }

    /**
     * Waits until the running guest has taken everything, and has settled. Nothing may be sent to the device any more.
     *
     * @return false: frames are still there after {@code within}, and {@link #takeLeftovers} is needed
     */
    boolean drained(Duration within) throws IOException {
        long deadline = System.nanoTime() + within.toNanos();
        boolean emptyBefore = false;
        while (true) {
            boolean empty = !tap.hasFrames(Duration.ZERO);
            if (empty && emptyBefore) {
                ShortWait.of(SETTLE);
                return true;
            }
            if (System.nanoTime() > deadline) {
                return false;
            }
            emptyBefore = empty;
            ShortWait.of(LOOK_AGAIN_AFTER);
        }
    }

    /** Freezes the VMM for the time of reading, takes all frames, and lets the guest settle. */
    HeldFrames takeLeftovers() throws IOException {
        HeldFrames taken;
        try (ProcessFreeze _ = ProcessFreeze.of(vmm)) {
            taken = takeAll();
        }
        ShortWait.of(SETTLE);
        return taken;
    }

    /** Takes all frames that wait, but for dummies of ours. */
    HeldFrames takeAll() throws IOException {
        int header = tap.headerBytes();
        List<byte[]> taken = new ArrayList<>();
        for (int length = tap.read(room); length >= 0; length = tap.read(room)) {
            if (length < header + ETHERNET_HEADER_BYTES || isDummy(header)) {
                continue;
            }
            // The two bytes that the longer header has more say how many buffers the frame fills: the reader's
            // business.
            byte[] frame = new byte[length - header + HeldFrames.HEADER_BYTES];
            MemorySegment.copy(room, ValueLayout.JAVA_BYTE, 0, frame, 0, HeldFrames.HEADER_BYTES);
            MemorySegment.copy(room, ValueLayout.JAVA_BYTE, header, frame, HeldFrames.HEADER_BYTES, length - header);
            taken.add(frame);
        }
        return new HeldFrames(taken);
    }

    private boolean isDummy(int header) {
        long at = header + (long) ETHERNET_TYPE_AT;
        return room.get(ValueLayout.JAVA_BYTE, at) == (byte) (DUMMY_TYPE >> 8)
                && room.get(ValueLayout.JAVA_BYTE, at + 1) == (byte) DUMMY_TYPE;
    }

    @Override
    public void close() {
        tap.close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}

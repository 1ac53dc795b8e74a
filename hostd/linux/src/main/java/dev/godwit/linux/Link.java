package dev.godwit.linux;

/**
 * A network device as the kernel describes it at one moment.
 *
 * @param index unique in its network namespace, never given twice
 * @param up whether it was set up
 * @param running whether it can carry: for a tap, whether a process holds the other end
 * @param queueing name of its queueing discipline; {@code noop} drops everything: not active yet, or no more
 * @param mtu bytes
 * @param queueFrames how many frames a tap keeps until they are read
 * @param received frames that came out of the device; for a tap, those that its user wrote
 * @param sent frames that left through the device; for a tap, those that its user has read
 * @param droppedSending frames that found its queue full
 */
public record Link(
        int index,
        String name,
        boolean up,
        boolean running,
        String queueing,
        int mtu,
        int queueFrames,
        long received,
        long sent,
        long droppedSending) {

    /** Whether a frame that is sent to it now gets into it: a kernel worker activates a device some time after its start. */
    public boolean isActive() {
        return up && running && !queueing.equals("noop") && !queueing.isEmpty();
    }
}

package dev.godwit.lab.packets;

import dev.godwit.lab.report.Picture;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * The way that one VM's packets took in one move, as a router between the hosts saw it. Immutable.
 *
 * @param vm the VM's address
 * @param source underlay address of the host that it left
 * @param target underlay address of the host that it came to
 * @param frames of the VM, in time order
 */
public record PacketPath(InetAddress vm, InetAddress source, InetAddress target, List<VxlanFrame> frames) {
    public PacketPath {
        InetAddress address = vm;
        frames = frames.stream().filter(frame -> frame.touches(address)).toList();
    }

    /** Frames for the VM that came to the target's door before the VM ran there, and waited. */
    public long held(double resumeEpochMillis) {
        return count(frame -> toVm(frame) && frame.to().equals(target) && frame.atEpochMillis() < resumeEpochMillis);
    }

    /** Frames for the VM that still went to the source, and that the source passed on to the target. */
    public long forwardedLate() {
        return count(this::passedOn);
    }

    /** Frames of the VM that went to or came from the source later than that. */
    public long atSourceAfter(double epochMillis) {
        return count(frame -> frame.passes(source) && frame.atEpochMillis() > epochMillis);
    }

    /** The ways that there are, each with the times of its frames. */
    public List<Picture.Way> ways() {
        List<Picture.Way> ways = new ArrayList<>();
        ways.add(way(
                "to the VM at the old host", frame -> toVm(frame) && frame.to().equals(source)));
        ways.add(way("passed on by the old host", this::passedOn));
        ways.add(way(
                "to the VM at the new host", frame -> toVm(frame) && frame.to().equals(target) && !passedOn(frame)));
        ways.add(way(
                "from the VM at the old host",
                frame -> !toVm(frame) && frame.from().equals(source)));
        ways.add(way(
                "from the VM at the new host",
                frame -> !toVm(frame) && frame.from().equals(target)));
        return ways;
    }

    private Picture.Way way(String name, Predicate<VxlanFrame> takesIt) {
        return new Picture.Way(
                name,
                frames.stream().filter(takesIt).map(VxlanFrame::atEpochMillis).toList());
    }

    private boolean toVm(VxlanFrame frame) {
        return frame.destination().equals(vm);
    }

    private boolean passedOn(VxlanFrame frame) {
        return toVm(frame) && frame.from().equals(source) && frame.to().equals(target) && frame.forwarded();
    }

    private long count(Predicate<VxlanFrame> fits) {
        return frames.stream().filter(fits).count();
    }
}

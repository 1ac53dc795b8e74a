package dev.godwit.daemon;

import dev.godwit.api.EventType;
import dev.godwit.move.MoveEvents;
import dev.godwit.move.MoveRecord;
import dev.godwit.move.MoveSide;
import dev.godwit.move.MoveState;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes each transition of a move an event, and does what follows from it beside the state machine: at the target the guest
 * is told who and when it is, at the source a VM that has left is forgotten. A full disk must not stop a move, so an event
 * that can't be written is logged.
 */
final class MoveAnnouncer implements MoveEvents {
    private static final Logger log = LoggerFactory.getLogger(MoveAnnouncer.class);

    private final EventLog events;
    private final MoveLog moveLog;
    private final LinkCounter link;
    private final Vms vms;
    private volatile @Nullable ArrivingVms arriving;

    MoveAnnouncer(EventLog events, MoveLog moveLog, LinkCounter link, Vms vms) {
        this.events = events;
        this.moveLog = moveLog;
        this.link = link;
        this.vms = vms;
    }

    /** The target's part, made after the state machine's host. */
    void arriving(ArrivingVms part) {
        arriving = part;
    }

    @Override
    public void entered(MoveRecord record, Duration elapsed) {
        countLink(record);
        moveLog.entered(record);
        append(
                EventType.MOVING,
                record,
                MoveLog.state(record.state(), record),
                elapsed,
                record.why().isEmpty() ? null : record.why());
        if (record.side() == MoveSide.TARGET) {
            atTarget(record, elapsed);
        } else {
            atSource(record, elapsed);
        }
    }

    @Override
    public void waits(MoveRecord record, String sentence) {
        append(EventType.MOVING, record, MoveLog.state(record.state(), record), record.elapsed(), sentence);
    }

    private void atTarget(MoveRecord record, Duration elapsed) {
        if (record.state() == MoveState.DRAIN) {
            append(
                    EventType.MOVED,
                    record,
                    null,
                    elapsed,
                    record.reservation().from() + " → " + record.reservation().to());
            ArrivingVms part = arriving;
            if (part != null) {
                part.arrived(record.moveId());
            }
            vms.find(record.vmId())
                    .ifPresent(vm -> Thread.ofVirtual().name("greet-" + vm.id()).start(() -> greet(vm)));
        } else if (record.state() == MoveState.LOST) {
            append(EventType.LOST, record, null, elapsed, record.why());
        }
    }

    private void atSource(MoveRecord record, Duration elapsed) {
        switch (record.state()) {
            case RELEASE ->
                append(
                        EventType.RELEASED,
                        record,
                        null,
                        elapsed,
                        "host " + record.reservation().from() + " is no longer needed for VM " + record.vmId());
            case DONE -> vms.find(record.vmId()).ifPresent(vms::remove);
            case LOST -> {
                vms.find(record.vmId()).ifPresent(MoveAnnouncer::lost);
                append(EventType.LOST, record, null, elapsed, record.why());
            }
            case ROLLED_BACK ->
                log.warn("move {} of vm {} did not go through: {}", record.moveId(), record.vmId(), record.why());
            default -> {}
        }
    }

    /** The paused copy stays, and is no VM that runs or can move. */
    private static void lost(HostedVm vm) {
        try {
            vm.stands(VmRecord.Phase.LOST);
        } catch (IOException removed) {
            log.info("vm {}: {}", vm.id(), removed.getMessage());
        }
    }

    private void countLink(MoveRecord record) {
        if (record.side() == MoveSide.SOURCE && record.state() == MoveState.RELEASE) {
            try {
                moveLog.facts(record.moveId()).linkBytesAtRelease = link.sentBytes();
            } catch (IOException e) {
                log.warn("the link's counter can't be read: {}", e.getMessage());
            }
        }
    }

    /** The network hears where the VM is now, and the guest gets the time and fresh entropy. */
    private static void greet(HostedVm vm) {
        try {
            vm.announce();
            vm.greet();
        } catch (IOException e) {
            log.error("vm {} runs here, and could not be told so: {}", vm.id(), e.getMessage());
        }
    }

    private void append(
            EventType type,
            MoveRecord record,
            dev.godwit.api.@Nullable MoveState state,
            Duration elapsed,
            @Nullable String detail) {
        try {
            events.append(type, record.vmId(), record.moveId(), state, elapsed, detail);
        } catch (RuntimeException e) {
            log.error("event {} of move {} could not be written: {}", type, record.moveId(), e.getMessage());
        }
    }
}

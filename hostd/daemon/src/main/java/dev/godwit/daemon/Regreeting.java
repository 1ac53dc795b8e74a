package dev.godwit.daemon;

import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A guest that began anew by itself has forgotten who it is, and tells nobody: it is told again as soon as it answers. */
final class Regreeting {
    private static final Logger log = LoggerFactory.getLogger(Regreeting.class);

    /** A greeting waits for 10 s by itself; an emulated guest on a busy machine was seen to boot in 38 s. */
    private static final int GREETINGS_MOST = 30;

    private static final Duration GREETING_RETRY = Duration.ofSeconds(1);

    private final HostedVm vm;

    Regreeting(HostedVm vm) {
        this.vm = vm;
    }

    void start() {
        Thread.ofVirtual().name("reboot-" + vm.id()).start(this::untilItKnows);
    }

    private void untilItKnows() {
        try {
            for (int tries = 1; vm.record().phase() == VmRecord.Phase.RUNNING && vm.hasVmm(); tries++) {
                if (isDone(tries)) {
                    return;
                }
                Thread.sleep(GREETING_RETRY);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether there is nothing left to try. */
    private boolean isDone(int tries) {
        try {
            vm.greet();
            log.info("vm {}: the guest has rebooted and knows again who it is", vm.id());
            return true;
        } catch (IOException | ControlException e) {
            if (tries == GREETINGS_MOST) {
                log.error("vm {}: the guest rebooted and does not answer: {}", vm.id(), e.getMessage());
            }
            return tries == GREETINGS_MOST;
        }
    }
}

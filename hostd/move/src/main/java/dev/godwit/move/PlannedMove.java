package dev.godwit.move;

import java.time.Duration;

/** What the plan said before STREAM: how the VM is to go and how long that should take. */
public record PlannedMove(Mode mode, Duration predicted) {
    /** How a VM goes to another host. */
    public enum Mode {
        PRE_COPY("pre-copy"),
        POST_COPY("post-copy"),
        STOP_AND_COPY("stop-and-copy"),
        RECOVER("recover");

        private final String word;

        Mode(String word) {
            this.word = word;
        }

        /** The word of reports and events: {@code pre-copy}, ... */
        public String word() {
            return word;
        }
    }

    public PlannedMove {
        if (predicted.isNegative()) {
            throw new IllegalArgumentException("predicted duration " + predicted + " is negative");
        }
    }
}

package dev.godwit.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What is to be done with one VM, and why. */
public sealed interface Action {
    String vmId();

    /** The candidates that were not chosen. */
    List<NotChosen> notChosen();

    /** The whole decision in a sentence, for the log and the terminal. */
    String sentence();

    /**
     * A candidate that was not chosen.
     *
     * @param why a part of a sentence, e.g. {@code its hostd does not answer}
     */
    record NotChosen(String hostId, String why) {}

    /**
     * The VM goes to {@code targetHostId}.
     *
     * @param startAt when it is its turn; VMs go one after the other
     * @param predictedFinish when the source may be gone as far as this VM is concerned
     * @param predictedBlackout how long the VM stands still
     * @param guard kept free before the deadline
     * @param lateBy by how much {@code predictedFinish} misses the deadline minus the guard; empty where it is met or
     *     there is no deadline
     */
    record Move(
            String vmId,
            String targetHostId,
            Mode mode,
            Instant startAt,
            Instant predictedFinish,
            Duration predictedBlackout,
            Duration guard,
            Optional<Duration> lateBy,
            List<NotChosen> notChosen)
            implements Action {
        public Move {
            notChosen = List.copyOf(notChosen);
            if (predictedFinish.isBefore(startAt)) {
                throw new IllegalArgumentException(
                        "vm " + vmId + ": predicted finish " + predictedFinish + " is before its start " + startAt);
            }
        }

        /** From the turn of this VM to its predicted finish. */
        public Duration predictedDuration() {
            return Duration.between(startAt, predictedFinish);
        }

        @Override
        public String sentence() {
            String late = lateBy.map(by -> ", LATE by " + by.toMillis() + " ms: the deadline will probably be missed")
                    .orElse("");
            return "vm " + vmId + ": " + mode.label() + " to " + targetHostId + ", predicted "
                    + predictedDuration().toMillis() + " ms with " + predictedBlackout.toMillis()
                    + " ms of blackout, guard " + guard.toMillis() + " ms" + late + others();
        }

        private String others() {
            return notChosen.isEmpty() ? "" : "; not " + Plan.list(notChosen);
        }
    }

    /** No host can take the VM. */
    record Refusal(String vmId, List<NotChosen> notChosen) implements Action {
        public Refusal {
            notChosen = List.copyOf(notChosen);
        }

        @Override
        public String sentence() {
            return notChosen.isEmpty()
                    ? "vm " + vmId + ": can't be moved, no other host is known; start hostd on another host"
                    : "vm " + vmId + ": can't be moved: " + Plan.list(notChosen)
                            + "; add a host or free what is missing";
        }
    }
}

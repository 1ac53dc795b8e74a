package dev.godwit.lab.outside;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the outside client saw.
 *
 * @param tcp the one connection with numbered records
 * @param udpSent datagrams sent to the VM; how many came is known there
 * @param udpReceived different datagrams that came from the VM; how many were sent is known there
 * @param server what the server beside the client saw of the connection that the guest holds
 * @param medianGapMillis median time between two echoes; null with fewer than two
 * @param gaps times between two echoes of 5 ms and more
 * @param latencies how long echoes took
 */
public record OutsideResult(
        Tcp tcp,
        long udpSent,
        long udpReceived,
        long udpDuplicated,
        long udpReordered,
        Server server,
        @Nullable Double medianGapMillis,
        List<Gap> gaps,
        List<Latency> latencies) {
    public OutsideResult {
        gaps = List.copyOf(gaps);
        latencies = List.copyOf(latencies);
    }

    /**
     * The records and their echoes.
     *
     * @param reconnects connections after the first
     * @param maxStallMillis longest time between two echoes; null with fewer than two
     */
    public record Tcp(
            long sent,
            long received,
            long lost,
            long duplicated,
            long reordered,
            long reconnects,
            @Nullable Double maxStallMillis) {}

    /**
     * The connections that came in.
     *
     * @param records that were answered
     * @param from addresses that they came from, each once
     */
    public record Server(long connections, long records, List<String> from) {
        public Server {
            from = List.copyOf(from);
        }
    }

    /**
     * No echo came for a while.
     *
     * @param fromEpochMillis when the last one before it came
     */
    public record Gap(double fromEpochMillis, double millis) {
        /** Whether some of it lies between the two times. */
        public boolean touches(double startEpochMillis, double endEpochMillis) {
            return fromEpochMillis <= endEpochMillis && fromEpochMillis + millis >= startEpochMillis;
        }
    }

    /**
     * How long echoes took at a time.
     *
     * @param atEpochMillis start of 20 ms
     * @param millis the longest that an echo took which came in them
     */
    public record Latency(double atEpochMillis, double millis) {}
}

package dev.godwit.move;

import java.time.Duration;

/**
 * One round of STREAM.
 *
 * @param round from 1
 * @param bytesSent what this round sent
 * @param bytesLeft what became dirty meanwhile
 * @param took the round's duration
 */
public record RoundReport(int round, long bytesSent, long bytesLeft, Duration took) {
    public RoundReport {
        if (round < 1 || bytesSent < 0 || bytesLeft < 0 || took.isNegative()) {
            throw new IllegalArgumentException("round " + round + " of " + took + " with " + bytesSent
                    + " bytes sent and " + bytesLeft + " bytes left: none may be negative, rounds count from 1");
        }
    }
}

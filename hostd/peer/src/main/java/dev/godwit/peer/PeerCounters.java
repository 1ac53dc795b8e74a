package dev.godwit.peer;

/**
 * What one end of the wire has seen since its start.
 *
 * @param connections connections that said a proper hello
 * @param garbage connections closed because of bytes that are no frame of ours
 * @param silent connections closed because the other end said nothing in time
 * @param openConnections now
 * @param openStreams streams now, those that wait for their sender included
 * @param resumed times that a stream went on over a new connection
 * @param duplicateFrames frames that had been applied already and were dropped
 */
public record PeerCounters(
        long connections,
        long garbage,
        long silent,
        int openConnections,
        int openStreams,
        long resumed,
        long duplicateFrames) {}

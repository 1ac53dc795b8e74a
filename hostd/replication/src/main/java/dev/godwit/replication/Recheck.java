package dev.godwit.replication;

import dev.godwit.volume.VolumeKind;

/**
 * What reading a paused guest's volume again has shown.
 *
 * @param volume its index
 * @param kind what it holds
 * @param pages looked at: all content
 * @param differing pages that are not what the sink was sent: writes that nobody noticed
 * @param firstDiffering the first of them, -1 when there is none
 */
public record Recheck(int volume, VolumeKind kind, long pages, long differing, long firstDiffering) {}

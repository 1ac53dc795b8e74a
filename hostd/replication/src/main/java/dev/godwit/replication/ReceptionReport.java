package dev.godwit.replication;

/**
 * What a target has applied.
 *
 * @param memoryPages pages of RAM written or made zero, repeats counted
 * @param diskPages pages of disks written or made zero, repeats counted
 * @param stateBytes device state relayed
 * @param wireBytes payload bytes of all frames
 * @param sealed whether all digests were compared and equal
 */
public record ReceptionReport(long memoryPages, long diskPages, long stateBytes, long wireBytes, boolean sealed) {}

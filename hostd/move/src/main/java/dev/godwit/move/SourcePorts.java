package dev.godwit.move;

/** What the source's end of one move acts on, once the stream is out of the picture. */
public record SourcePorts(TargetPort target, VmPort vm, OwnershipPort ownership, NetworkPort network) {}

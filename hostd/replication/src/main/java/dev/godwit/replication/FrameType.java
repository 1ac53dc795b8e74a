package dev.godwit.replication;

import dev.godwit.volume.VolumeKind;

/** Types of the frames of a replication stream. */
final class FrameType {
    /** First: the volumes, one after the other {kind u8, pages u64}; answered when they fit the target's. */
    static final int VOLUMES = 1;
    /** Pages of one volume: {@link PagesFrame}. */
    static final int PAGES = 2;
    /** A round of a running guest is over: the target makes disks durable from now on, so that little is left to the pause. */
    static final int ROUND = 3;
    /** A piece of device state. */
    static final int STATE = 4;
    /** The device state is whole. */
    static final int STATE_END = 5;
    /** Last: the digest of every volume {pages u64, high u64, low u64}; answered with {@link SealMessage.Answer}. */
    static final int SEAL = 6;

    /**
     * Whether what came before the last round's end is durable: answered with one byte, 1 or 0, within a second, so that
     * a slow disk is not taken for a dead receiver; asked again until it is 1.
     */
    static final int DURABLE = 7;

    private FrameType() {}

    /** How a volume's kind travels. */
    static int code(VolumeKind kind) {
        return switch (kind) {
            case MEMORY -> 0;
            case DISK -> 1;
        };
    }
}

package dev.godwit.move;

/**
 * What the source asks of the target in RESERVE.
 *
 * @param moveId unique for ever: an id is never used for a second attempt
 * @param fence the fence under which {@code from} owns the VM; the target's commit expects exactly this one
 * @param needs what the VM needs of a host (memory, disk, base image, CPU flags, ...) as the JSON that the daemon at the
 *     target reads; opaque here
 */
public record Reservation(String moveId, String vmId, String from, String to, long fence, String needs) {
    public Reservation {
        requireId("move id", moveId);
        requireId("vm id", vmId);
        requireId("source host", from);
        requireId("target host", to);
        if (from.equals(to)) {
            throw new IllegalArgumentException("source and target are both " + from);
        }
        if (fence < 1) {
            throw new IllegalArgumentException("fence " + fence + " is below 1");
        }
    }

    private static void requireId(String what, String id) {
        if (!id.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}")) {
            throw new IllegalArgumentException(what + " '" + id
                    + "' is not 1 to 128 letters, digits, '.', '_' or '-', beginning with a letter or digit");
        }
    }

    /** The record that must stand in the fleet store for this move to commit. */
    public Ownership expected() {
        return new Ownership(from, fence);
    }
}

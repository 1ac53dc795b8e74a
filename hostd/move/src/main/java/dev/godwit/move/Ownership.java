package dev.godwit.move;

/** Who may run a VM: the owner and the number that grows at every successful write. */
public record Ownership(String owner, long fence) {
    public Ownership {
        if (fence < 1) {
            throw new IllegalArgumentException("fence " + fence + " is below 1");
        }
    }

    @Override
    public String toString() {
        return owner + " (fence " + fence + ")";
    }
}

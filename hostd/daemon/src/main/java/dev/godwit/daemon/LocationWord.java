package dev.godwit.daemon;

/**
 * What the owner of a VM says in a move, before the fleet store can know: behind which host the VM answers.
 *
 * @param host behind which it answers
 * @param previous which may still speak for it; empty for none
 * @param fence under which {@code speaker} owns the VM
 * @param turn orders the words under one fence
 */
record LocationWord(String vmId, String speaker, String host, String previous, long fence, long turn) {
    LocationWord {
        if (fence < 1) {
            throw new IllegalArgumentException("fence " + fence + " of vm " + vmId + " is below 1");
        }
    }
}

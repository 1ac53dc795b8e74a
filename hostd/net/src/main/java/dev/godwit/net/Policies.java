package dev.godwit.net;

import java.io.IOException;

/** The policies of this host's VMs, by a number that ports refer to. Thread-safe. */
public final class Policies {
    /** How many rules may cover one prefix, its own and those of wider ones. */
    public static final int CHAIN_MAX = 32;

    /**
     * Writes a policy, replacing the one of the same number. While it is replaced, a packet may meet the old or the new
     * rules of a prefix, and never none.
     *
     * @param policyId from 1
     * @throws IllegalArgumentException more than {@link #CHAIN_MAX} rules cover one prefix
     */
    public void put(int policyId, Policy policy) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Forgets a policy; a port that refers to it lets nothing pass. Absent is no error. */
    public void remove(int policyId) throws IOException {
        throw new UnsupportedOperationException();
    }
}

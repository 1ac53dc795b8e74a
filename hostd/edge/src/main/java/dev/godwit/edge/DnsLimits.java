package dev.godwit.edge;

import java.time.Duration;

/**
 * Bounds of the forwarder: VMs are hostile.
 *
 * @param queriesAtOnce in all
 * @param queriesAtOncePerVm of one address
 * @param connectionsAtOnce of TCP, in all; a tenth of it per VM
 * @param resolverTimeout for one resolver's answer; then the next one is asked
 * @param messageTimeout for one whole message over TCP
 * @param connectionLife of a TCP connection, whatever it does
 */
public record DnsLimits(
        int queriesAtOnce,
        int queriesAtOncePerVm,
        int connectionsAtOnce,
        Duration resolverTimeout,
        Duration messageTimeout,
        Duration connectionLife) {
    public DnsLimits {
        if (queriesAtOnce < 1 || queriesAtOncePerVm < 1 || connectionsAtOnce < 1) {
            throw new IllegalArgumentException("limits of " + queriesAtOnce + " queries, " + queriesAtOncePerVm
                    + " a VM and " + connectionsAtOnce + " connections: each must be at least 1");
        }
    }

    /** 1,024 queries, 64 a VM, 128 connections, 2 s, 5 s, 30 s. */
    public static DnsLimits defaults() {
        return new DnsLimits(1024, 64, 128, Duration.ofSeconds(2), Duration.ofSeconds(5), Duration.ofSeconds(30));
    }

    int connectionsAtOncePerVm() {
        return Math.max(1, connectionsAtOnce / 10);
    }
}

package dev.godwit.jenkins.broker;

import java.util.Set;

/** The nodes that the controller has, whether the broker was told of them or not: their VMs are never reaped. */
@FunctionalInterface
public interface KnownNodes {
    /** Names; asked for right before each reaping, on the reaper's thread. Throws when the controller is not yet up. */
    Set<String> names();
}

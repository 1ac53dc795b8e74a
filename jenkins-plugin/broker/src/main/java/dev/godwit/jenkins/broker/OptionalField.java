package dev.godwit.jenkins.broker;

import dev.godwit.api.Capabilities;
import dev.godwit.api.Feature;
import java.util.Optional;

/** A field of the form that not every hostd has the means for: then it is hidden, and refused where it is set. */
public enum OptionalField {
    /** {@link AgentTemplate#project}. */
    NETWORK,
    /** VMs that begin as a copy of a VM template. No hostd has them yet. */
    VM_TEMPLATE;

    /** Why the hostd can't do it: a sentence; empty when it can. */
    public Optional<String> whyNot(Capabilities capabilities) {
        return switch (this) {
            case NETWORK ->
                capabilities.features().contains(Feature.NETWORKS)
                        ? Optional.empty()
                        : Optional.of("hostd " + capabilities.version()
                                + " has no networks of projects; leave the network empty or use a newer hostd.");
            case VM_TEMPLATE ->
                Optional.of("hostd " + capabilities.version() + " makes VMs from images only; name an image instead.");
        };
    }
}

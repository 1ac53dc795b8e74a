package dev.godwit.jenkins.broker;

import dev.godwit.api.Vm;
import dev.godwit.client.RequestFailed;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;

/** Keeps the leases of all VMs. For one thread at a time. */
final class Leases {
    /** After a round that found no hostd. */
    private static final Duration AGAIN = Duration.ofSeconds(2);

    private final Fleet fleet;
    private final Ledger ledger;
    private final VmLookout lookout;
    private final CloudLog log;
    private final InstantSource clock;
    private final Supplier<Duration> ttl;
    private Instant lastGood;
    private Instant nextRound = Instant.MIN;
    private boolean warned;

    /** @param ttl as it is set now */
    Leases(Fleet fleet, Ledger ledger, VmLookout lookout, CloudLog log, InstantSource clock, Supplier<Duration> ttl) {
        this.fleet = fleet;
        this.ledger = ledger;
        this.lookout = lookout;
        this.log = log;
        this.clock = clock;
        this.ttl = ttl;
        this.lastGood = clock.instant();
    }

    /** Renews each when a third of their time is over since the last round, and at once what this broker finds. */
    synchronized void renewWhenDue() {
        if (!clock.instant().isBefore(nextRound)) {
            renewAll();
        } else {
            renew(ledger.all().stream().filter(agent -> !agent.leaseKept()).toList());
        }
    }

    /** Renews each; where no hostd answers the rest waits for the next time. */
    synchronized void renewAll() {
        nextRound = clock.instant().plus(ttl.get().dividedBy(3));
        if (renew(ledger.all())) {
            lastGood = clock.instant();
            warned = false;
        }
    }

    private boolean renew(List<Agent> agents) {
        for (Agent agent : agents) {
            Vm vm = agent.vm();
            AgentState state = agent.state();
            if (vm == null || state == AgentState.TERMINATING || state == AgentState.LOST) {
                continue;
            }
            try {
                fleet.client().renewLease(vm.id(), (int) ttl.get().toSeconds());
                fleet.answered();
                agent.keptLease();
            } catch (RequestFailed refused) {
                fleet.answered();
                lookout.checkSoon(agent, null);
            } catch (IOException away) {
                fleet.silent(away);
                nextRound = clock.instant().plus(AGAIN);
                warnIfOver();
                return false;
            }
        }
        return true;
    }

    private void warnIfOver() {
        Duration since = Duration.between(lastGood, clock.instant());
        if (!warned && since.compareTo(ttl.get()) > 0) {
            warned = true;
            log.say(
                    null,
                    "No lease could be renewed for " + since.toSeconds() + " s, and they last "
                            + ttl.get().toSeconds()
                            + " s: hostd has ended VMs of this cloud unless it was away itself.");
        }
    }
}

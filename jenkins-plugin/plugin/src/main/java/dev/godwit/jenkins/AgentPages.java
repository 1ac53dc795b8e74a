package dev.godwit.jenkins;

import hudson.Extension;
import hudson.model.Action;
import hudson.model.Computer;
import hudson.model.TransientComputerActionFactory;
import java.util.Collection;
import java.util.List;

/** Gives each Godwit agent its tab. */
@Extension
public class AgentPages extends TransientComputerActionFactory {
    @Override
    public Collection<? extends Action> createFor(Computer computer) {
        return computer instanceof GodwitComputer ours ? List.of(new AgentPage(ours)) : List.of();
    }
}

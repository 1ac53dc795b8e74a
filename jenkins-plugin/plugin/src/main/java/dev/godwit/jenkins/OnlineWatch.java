package dev.godwit.jenkins;

import hudson.Extension;
import hudson.model.Computer;
import hudson.model.TaskListener;
import hudson.slaves.ComputerListener;

/** Tells the launcher and the broker that an agent connected. */
@Extension
public class OnlineWatch extends ComputerListener {
    @Override
    public void onOnline(Computer any, TaskListener listener) {
        if (any instanceof GodwitComputer computer) {
            GodwitAgent agent = computer.getNode();
            if (agent != null) {
                agent.agents().ifPresent(agents -> agents.connected(agent.getNodeName()));
            }
            computer.connected();
            Reviews.ofQueue();
        }
    }
}

package dev.godwit.jenkins;

import dev.godwit.jenkins.sim.SimBuild;
import dev.godwit.jenkins.sim.Simulator;
import hudson.model.Computer;
import hudson.model.listeners.RunListener;
import hudson.model.queue.QueueListener;
import hudson.slaves.ComputerListener;
import hudson.slaves.NodeProvisioner;
import hudson.slaves.SlaveComputer;
import java.nio.file.Path;
import java.util.List;
import jenkins.model.Jenkins;
import org.jspecify.annotations.NullUnmarked;

/** A simulated controller with one Godwit cloud and all of the plugin's extensions that act. */
@NullUnmarked
final class SimulatedCloud {
    static final String LABEL = "c-build";

    final Simulator simulator;
    final GodwitCloud cloud;
    final SlaveComputer.Log buildLog = new SlaveComputer.Log();
    final BuildLogs logs = new BuildLogs();
    private FakeAgents agents;

    SimulatedCloud(Path home, GodwitAgentTemplate template) {
        simulator = Simulator.start(home);
        simulator.strategies.add(new NoDelayStrategy());
        simulator.extension(QueueListener.class, new QueueWatch());
        simulator.extension(ComputerListener.class, new OnlineWatch());
        simulator.extension(BuildLogs.class, logs);
        simulator.extension(RunListener.class, logs);
        simulator.extension(
                Brokers.class,
                new Brokers((settings, known, events) -> agents = new FakeAgents(settings, known, events)));
        cloud = new GodwitCloud("godwit", "http://hostd.example:1", null);
        cloud.setAgentTemplates(List.of(template));
        Jenkins.get().clouds.add(cloud);
    }

    static GodwitAgentTemplate template() {
        GodwitAgentTemplate template = new GodwitAgentTemplate("c", "debian-jenkins");
        template.setLabels(LABEL);
        return template;
    }

    FakeAgents agents() {
        Brokers.find(cloud);
        return agents;
    }

    SimBuild build() {
        SimBuild build = simulator.build(LABEL);
        logs.onStarted(build, buildLog);
        return build;
    }

    List<Computer> computers() {
        return simulator.computers();
    }

    GodwitComputer only() {
        if (computers().size() != 1) {
            throw new IllegalStateException(computers().size() + " nodes");
        }
        return (GodwitComputer) computers().get(0);
    }

    NodeProvisioner provisioner() {
        return simulator.label(LABEL).nodeProvisioner;
    }
}

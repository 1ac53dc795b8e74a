package hudson.model;

import dev.godwit.jenkins.sim.SimBuild;
import dev.godwit.jenkins.sim.Simulator;
import java.util.ArrayList;
import java.util.List;
import jenkins.model.CauseOfInterruption;

/** Simulated. */
public class Executor implements ModelObject {
    private final Computer owner;
    private final SimBuild build;
    public final List<CauseOfInterruption> interruptions = new ArrayList<>();
    public Result result;

    Executor(Computer owner, SimBuild build) {
        this.owner = owner;
        this.build = build;
    }

    @Override
    public String getDisplayName() {
        return "executor";
    }

    public void interrupt(Result with, CauseOfInterruption... causes) {
        interruptions.addAll(List.of(causes));
        result = with;
        ends(new InterruptedException());
    }

    /** Its build ends, at once or in its time. */
    public void ends(Exception why) {
        if (build.endMillis() == 0) {
            owner.finish(this, why);
        } else {
            Simulator.current().after(build.endMillis(), () -> owner.finish(this, why));
        }
    }

    public Queue.Executable getCurrentExecutable() {
        return build;
    }

    public boolean isBusy() {
        return true;
    }

    public Computer getOwner() {
        return owner;
    }
}

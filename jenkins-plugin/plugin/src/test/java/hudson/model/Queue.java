package hudson.model;

import dev.godwit.jenkins.sim.SimBuild;
import dev.godwit.jenkins.sim.SimJob;
import dev.godwit.jenkins.sim.Simulator;
import hudson.model.queue.ScheduleResult;
import hudson.model.queue.SubTask;
import java.util.ArrayList;
import java.util.List;

/** Simulated: gives builds to executors that are free and accept them. */
public class Queue {
    private static Queue queue = new Queue();

    /** What was queued by {@link #schedule2}. */
    public record Scheduled(Task task, List<Action> actions) {}

    public final List<Scheduled> scheduled = new ArrayList<>();
    private final List<BuildableItem> items = new ArrayList<>();

    public static Queue getInstance() {
        return queue;
    }

    public static void restart() {
        queue = new Queue();
    }

    public BuildableItem add(SimBuild build) {
        BuildableItem item = new BuildableItem(build.getParent());
        items.add(item);
        return item;
    }

    /** Gives out what can be given out. */
    public void maintain() {
        for (BuildableItem item : List.copyOf(items)) {
            for (Computer computer : Simulator.current().computers()) {
                if (computer.isOnline()
                        && computer.isAcceptingTasks()
                        && computer.countBusy() < computer.getNumExecutors()
                        && item.getAssignedLabel()
                                .matches(Label.parse(computer.getNode().getLabelString()))) {
                    items.remove(item);
                    computer.take((SimJob) item.task);
                    break;
                }
            }
        }
    }

    public ScheduleResult schedule2(Task p, int quietPeriod, List<Action> actions) {
        scheduled.add(new Scheduled(p, actions));
        return ScheduleResult.accepted();
    }

    public Item[] getItems() {
        return items.toArray(Item[]::new);
    }

    public List<BuildableItem> getBuildableItems() {
        return List.copyOf(items);
    }

    /** Simulated. */
    public interface Task extends SubTask {}

    /** Simulated. */
    public interface Executable extends Runnable {
        SubTask getParent();

        default Executable getParentExecutable() {
            return null;
        }
    }

    /** Simulated. */
    public interface QueueAction extends Action {
        boolean shouldSchedule(List<Action> actions);
    }

    /** Simulated. */
    public abstract static class Item extends Actionable {
        public final Task task;

        Item(Task task) {
            this.task = task;
        }

        public Label getAssignedLabel() {
            return task.getAssignedLabel();
        }
    }

    /** Simulated. */
    public abstract static class NotWaitingItem extends Item {
        NotWaitingItem(Task task) {
            super(task);
        }
    }

    /** Simulated. */
    public static final class BuildableItem extends NotWaitingItem {
        BuildableItem(Task task) {
            super(task);
        }
    }
}

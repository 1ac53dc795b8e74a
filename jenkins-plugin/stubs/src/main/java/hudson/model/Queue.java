package hudson.model;

import hudson.model.queue.ScheduleResult;
import hudson.model.queue.SubTask;
import java.util.List;

/** Signature of {@code hudson.model.Queue}: the members that the plugin uses. */
public class Queue {
    public ScheduleResult schedule2(Task p, int quietPeriod, List<Action> actions) {
        throw new UnsupportedOperationException();
    }

    public Item[] getItems() {
        throw new UnsupportedOperationException();
    }

    public List<BuildableItem> getBuildableItems() {
        throw new UnsupportedOperationException();
    }

    /** Signature of the nested type. */
    public interface Task extends SubTask {}
    /** Signature of the nested type. */
    public interface Executable extends Runnable {
        SubTask getParent();

        default Executable getParentExecutable() {
            throw new UnsupportedOperationException();
        }
    }
    /** Signature of the nested type. */
    public abstract static class Item extends Actionable {
        public long getId() {
            throw new UnsupportedOperationException();
        }

        public final Task task;

        Item() {
            throw new UnsupportedOperationException();
        }

        public long getInQueueSince() {
            throw new UnsupportedOperationException();
        }

        public Label getAssignedLabel() {
            throw new UnsupportedOperationException();
        }
    }
    /** Signature of the nested type. */
    public interface QueueAction extends Action {
        boolean shouldSchedule(List<Action> actions);
    }
    /** Signature of the nested type. */
    public abstract static class NotWaitingItem extends Item {}
    /** Signature of the nested type. */
    public static final class BuildableItem extends NotWaitingItem {}
    /** Signature of the nested type. */
    public static final class LeftItem extends Item {
        public boolean isCancelled() {
            throw new UnsupportedOperationException();
        }
    }

    public static Queue getInstance() {
        throw new UnsupportedOperationException();
    }
}

package dev.godwit.jenkins;

import hudson.ExtensionList;
import hudson.ExtensionPoint;

/** The numbers that monitoring reads, where the Metrics plugin is installed. */
public final class GodwitMetrics {
    static final String VMS_LAUNCHED = "godwit.cloud.vms.launched";
    static final String VMS_TERMINATED = "godwit.cloud.vms.terminated";
    static final String VMS_LOST = "godwit.cloud.vms.lost";
    static final String CREATION_FAILED = "godwit.cloud.vms.creation.failed";
    static final String LAUNCH_FAILED = "godwit.cloud.vms.launch.failed";
    static final String LAUNCH_FAILED_TIMEOUT = "godwit.cloud.vms.launch.failed.timeout";
    static final String PROVISION_NODES = "godwit.cloud.provision.nodes";
    static final String PROVISION_FAILED = "godwit.cloud.provision.failed";
    static final String TASKS_ACCEPTED = "godwit.cloud.tasks.accepted";
    static final String MIGRATIONS = "godwit.cloud.migrations";
    static final String MIGRATION_PAUSE = "godwit.cloud.migration.pause.ms";

    /** Where numbers go. */
    public abstract static class Sink implements ExtensionPoint {
        /** One more. */
        protected abstract void count(String name);

        /** A length of time. */
        protected abstract void millis(String name, long millis);
    }

    private GodwitMetrics() {}

    static void count(String name) {
        ExtensionList.lookup(Sink.class).forEach(sink -> sink.count(name));
    }

    static void millis(String name, long millis) {
        ExtensionList.lookup(Sink.class).forEach(sink -> sink.millis(name, millis));
    }
}

package dev.godwit.jenkins.broker;

import dev.godwit.api.CreateVm;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How agents of one kind are made.
 *
 * @param name unique in the cloud: 1 to {@value #NAME_CHARACTERS_MAX} of a-z, 0-9 and -; begins the names of its nodes
 * @param labels what jobs ask for
 * @param image name or digest of an image
 * @param vcpus 1 to 64
 * @param memoryMib RAM in MiB
 * @param diskMib root disk in MiB
 * @param executors builds at once on a node, 1 to {@value #EXECUTORS_MAX}
 * @param instanceCap most VMs at once, at least 1
 * @param idleMinutes an idle node is removed after so long
 * @param oneShot whether a node is removed after its first build
 * @param spareAgents nodes that are kept ready without a build
 * @param environment variables of the agent's process
 * @param runAs user in the guest whose process the agent is
 * @param startTimeout from the request for the VM to the agent's process
 * @param onMoveFailure what a build gets whose VM is lost
 * @param project whose network the VM is in; null: hostd's default
 * @param remoteFs the agent's work directory, an absolute path in the guest
 */
public record AgentTemplate(
        String name,
        Set<String> labels,
        String image,
        int vcpus,
        int memoryMib,
        int diskMib,
        int executors,
        int instanceCap,
        int idleMinutes,
        boolean oneShot,
        int spareAgents,
        Map<String, String> environment,
        String runAs,
        Duration startTimeout,
        OnMoveFailure onMoveFailure,
        @Nullable String project,
        String remoteFs) {
    /** A node's name is this name, a hyphen and a random part, and must be the name of a VM. */
    public static final int NAME_CHARACTERS_MAX = 48;

    /** More builds in one VM are better served by more VMs. */
    public static final int EXECUTORS_MAX = 64;

    /** An image that takes longer to boot than an hour is broken. */
    public static final Duration START_TIMEOUT_MAX = Duration.ofHours(1);

    /**
     * Checks each value.
     *
     * @throws IllegalArgumentException the sentence names the value and what is allowed
     */
    public AgentTemplate {
        Check.matches("agent template name", name, "[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?", "1 to 48 of a-z, 0-9 and -");
        labels = Set.copyOf(labels);
        environment = Map.copyOf(environment);
        Check.matches("image", image, "[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}", "an image's name or digest");
        Check.between("vcpus", vcpus, 1, CreateVm.VCPUS_MAX);
        Check.between("memoryMib", memoryMib, CreateVm.MEMORY_MIB_MIN, CreateVm.MEMORY_MIB_MAX);
        Check.between("diskMib", diskMib, CreateVm.DISK_MIB_MIN, CreateVm.DISK_MIB_MAX);
        Check.between("executors", executors, 1, EXECUTORS_MAX);
        Check.between("instanceCap", instanceCap, 1, Integer.MAX_VALUE);
        Check.between("idleMinutes", idleMinutes, 0, Integer.MAX_VALUE);
        Check.between("spareAgents", spareAgents, 0, instanceCap);
        Check.matches("runAs", runAs, "[a-z_][a-z0-9_-]{0,31}", "the name of a user in the guest");
        Check.between("startTimeout in seconds", startTimeout.toSeconds(), 1, START_TIMEOUT_MAX.toSeconds());
        if (project != null) {
            Check.matches("network", project, "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "the name of a project");
        }
        Check.matches("remoteFs", remoteFs, "/[^\\x00\\n]{0,1000}", "an absolute path in the guest");
        environment.keySet().forEach(key -> Check.matches("environment", key, "[A-Za-z_][A-Za-z0-9_]*", "a variable"));
    }

    /** A template with the usual values: 1 vCPU, 1 GiB, 1 executor, cap 10, one-shot, user jenkins. */
    public static Builder named(String name, String image) {
        return new Builder(name, image);
    }

    /** Collects the values of an agent template. For one thread. */
    public static final class Builder {
        private final String name;
        private final String image;
        private Set<String> labels = Set.of();
        private int vcpus = 1;
        private int memoryMib = 1024;
        private int diskMib = 10_240;
        private int executors = 1;
        private int instanceCap = 10;
        private int idleMinutes = 1;
        private boolean oneShot = true;
        private int spareAgents;
        private Map<String, String> environment = Map.of();
        private String runAs = "jenkins";
        private Duration startTimeout = Duration.ofMinutes(5);
        private OnMoveFailure onMoveFailure = OnMoveFailure.KEEP_WAITING;
        private @Nullable String project;
        private String remoteFs = "/home/jenkins/agent";

        private Builder(String name, String image) {
            this.name = name;
            this.image = image;
        }

        public Builder labels(Set<String> value) {
            labels = value;
            return this;
        }

        /** vCPUs, RAM and root disk. */
        public Builder size(int vcpus, int memoryMib, int diskMib) {
            this.vcpus = vcpus;
            this.memoryMib = memoryMib;
            this.diskMib = diskMib;
            return this;
        }

        public Builder executors(int value) {
            executors = value;
            return this;
        }

        public Builder instanceCap(int value) {
            instanceCap = value;
            return this;
        }

        /** When a node without builds goes. */
        public Builder retention(int idleMinutes, boolean oneShot) {
            this.idleMinutes = idleMinutes;
            this.oneShot = oneShot;
            return this;
        }

        public Builder spareAgents(int value) {
            spareAgents = value;
            return this;
        }

        public Builder environment(Map<String, String> value) {
            environment = value;
            return this;
        }

        /** The user and the work directory in the guest. */
        public Builder runAs(String user, String remoteFs) {
            runAs = user;
            this.remoteFs = remoteFs;
            return this;
        }

        public Builder startTimeout(Duration value) {
            startTimeout = value;
            return this;
        }

        public Builder onMoveFailure(OnMoveFailure value) {
            onMoveFailure = value;
            return this;
        }

        public Builder project(@Nullable String value) {
            project = value;
            return this;
        }

        public AgentTemplate build() {
            return new AgentTemplate(
                    name,
                    labels,
                    image,
                    vcpus,
                    memoryMib,
                    diskMib,
                    executors,
                    instanceCap,
                    idleMinutes,
                    oneShot,
                    spareAgents,
                    environment,
                    runAs,
                    startTimeout,
                    onMoveFailure,
                    project,
                    remoteFs);
        }
    }
}

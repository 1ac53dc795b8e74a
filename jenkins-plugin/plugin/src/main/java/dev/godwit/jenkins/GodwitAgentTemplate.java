package dev.godwit.jenkins;

import dev.godwit.jenkins.broker.AgentTemplate;
import dev.godwit.jenkins.broker.OnMoveFailure;
import hudson.Extension;
import hudson.model.AbstractDescribableImpl;
import hudson.model.Label;
import hudson.model.Node;
import hudson.model.labels.LabelAtom;
import hudson.slaves.NodeProperty;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jenkinsci.Symbol;
import org.jspecify.annotations.Nullable;
import org.kohsuke.stapler.DataBoundConstructor;
import org.kohsuke.stapler.DataBoundSetter;

/** An agent template as it is configured; its values are checked when the cloud takes it. */
public class GodwitAgentTemplate extends AbstractDescribableImpl<GodwitAgentTemplate> {
    static final int START_TIMEOUT_MINUTES = 5;

    private final String name;
    private final String image;
    private String labels = "";
    private Node.Mode mode = Node.Mode.EXCLUSIVE;
    private int vcpus = 1;
    private int memoryMib = 1024;
    private int diskMib = 10_240;
    private int executors = 1;
    private int instanceCap = 10;
    private int idleMinutes = 1;
    private boolean oneShot = true;
    private int spareAgents;
    private String environment = "";
    private String runAs = "jenkins";
    private String remoteFs = "/home/jenkins/agent";
    private int startTimeoutMinutes = START_TIMEOUT_MINUTES;
    private OnMoveFailure onMoveFailure = OnMoveFailure.KEEP_WAITING;
    private @Nullable String network;
    private List<NodeProperty<?>> nodeProperties = new ArrayList<>();

    @DataBoundConstructor
    public GodwitAgentTemplate(String name, String image) {
        this.name = name;
        this.image = image;
    }

    public String getName() {
        return name;
    }

    public String getImage() {
        return image;
    }

    public String getLabels() {
        return labels;
    }

    @DataBoundSetter
    public void setLabels(@Nullable String value) {
        labels = value == null ? "" : value.strip();
    }

    public Node.Mode getMode() {
        return mode;
    }

    @DataBoundSetter
    public void setMode(Node.Mode value) {
        mode = value;
    }

    public int getVcpus() {
        return vcpus;
    }

    @DataBoundSetter
    public void setVcpus(int value) {
        vcpus = value;
    }

    public int getMemoryMib() {
        return memoryMib;
    }

    @DataBoundSetter
    public void setMemoryMib(int value) {
        memoryMib = value;
    }

    public int getDiskMib() {
        return diskMib;
    }

    @DataBoundSetter
    public void setDiskMib(int value) {
        diskMib = value;
    }

    public int getExecutors() {
        return executors;
    }

    @DataBoundSetter
    public void setExecutors(int value) {
        executors = value;
    }

    public int getInstanceCap() {
        return instanceCap;
    }

    @DataBoundSetter
    public void setInstanceCap(int value) {
        instanceCap = value;
    }

    public int getIdleMinutes() {
        return idleMinutes;
    }

    @DataBoundSetter
    public void setIdleMinutes(int value) {
        idleMinutes = value;
    }

    public boolean isOneShot() {
        return oneShot;
    }

    @DataBoundSetter
    public void setOneShot(boolean value) {
        oneShot = value;
    }

    public int getSpareAgents() {
        return spareAgents;
    }

    @DataBoundSetter
    public void setSpareAgents(int value) {
        spareAgents = value;
    }

    public String getEnvironment() {
        return environment;
    }

    /** Lines of {@code NAME=value}. */
    @DataBoundSetter
    public void setEnvironment(@Nullable String value) {
        environment = value == null ? "" : value;
    }

    public String getRunAs() {
        return runAs;
    }

    @DataBoundSetter
    public void setRunAs(String value) {
        runAs = value;
    }

    public String getRemoteFs() {
        return remoteFs;
    }

    @DataBoundSetter
    public void setRemoteFs(String value) {
        remoteFs = value;
    }

    public int getStartTimeoutMinutes() {
        return startTimeoutMinutes;
    }

    @DataBoundSetter
    public void setStartTimeoutMinutes(int value) {
        startTimeoutMinutes = value;
    }

    public OnMoveFailure getOnMoveFailure() {
        return onMoveFailure;
    }

    @DataBoundSetter
    public void setOnMoveFailure(OnMoveFailure value) {
        onMoveFailure = value;
    }

    public @Nullable String getNetwork() {
        return network;
    }

    @DataBoundSetter
    public void setNetwork(@Nullable String value) {
        network = GodwitCloud.emptyToNull(value);
    }

    /** Always null: no hostd makes VMs from VM templates yet. */
    public @Nullable String getVmTemplate() {
        return null;
    }

    /**
     * Refuses a VM template, which no hostd has the means for yet.
     *
     * @throws IllegalArgumentException whenever one is named
     */
    @DataBoundSetter
    public void setVmTemplate(@Nullable String value) {
        if (GodwitCloud.emptyToNull(value) != null) {
            throw new IllegalArgumentException("agent template \"" + name + "\" names the VM template \"" + value
                    + "\", but hostd makes VMs from images only; name an image instead.");
        }
    }

    public List<NodeProperty<?>> getNodeProperties() {
        return nodeProperties;
    }

    @DataBoundSetter
    public void setNodeProperties(@Nullable List<NodeProperty<?>> value) {
        nodeProperties = value == null ? new ArrayList<>() : new ArrayList<>(value);
    }

    /** The same values under another name, for an image of its own if it is not null. */
    public GodwitAgentTemplate copy(String newName, @Nullable String newImage) {
        GodwitAgentTemplate copy = new GodwitAgentTemplate(newName, newImage == null ? image : newImage);
        copy.labels = labels;
        copy.mode = mode;
        copy.vcpus = vcpus;
        copy.memoryMib = memoryMib;
        copy.diskMib = diskMib;
        copy.executors = executors;
        copy.instanceCap = instanceCap;
        copy.idleMinutes = idleMinutes;
        copy.oneShot = oneShot;
        copy.environment = environment;
        copy.runAs = runAs;
        copy.remoteFs = remoteFs;
        copy.startTimeoutMinutes = startTimeoutMinutes;
        copy.onMoveFailure = onMoveFailure;
        copy.network = network;
        copy.nodeProperties = new ArrayList<>(nodeProperties);
        return copy;
    }

    /** Whether a job that asks for the label may run on such an agent; null: a job that asks for none. */
    boolean serves(@Nullable Label label) {
        return label == null ? mode == Node.Mode.NORMAL : label.matches(atoms());
    }

    private Set<LabelAtom> atoms() {
        return words(labels).stream().map(LabelAtom::new).collect(Collectors.toSet());
    }

    /**
     * The values for the broker.
     *
     * @throws IllegalArgumentException a value is out of its bounds; the sentence names it
     */
    AgentTemplate broker() {
        return AgentTemplate.named(name, image)
                .labels(words(labels))
                .size(vcpus, memoryMib, diskMib)
                .executors(executors)
                .instanceCap(instanceCap)
                .retention(idleMinutes, oneShot)
                .spareAgents(spareAgents)
                .environment(EnvironmentLines.parse(environment))
                .runAs(runAs, remoteFs)
                .startTimeout(Duration.ofMinutes(startTimeoutMinutes))
                .onMoveFailure(onMoveFailure)
                .project(network)
                .build();
    }

    private static Set<String> words(String text) {
        return text.isBlank()
                ? Set.of()
                : Arrays.stream(text.strip().split("\\s+")).collect(Collectors.toUnmodifiableSet());
    }

    /** The kind of entry, and the checks of its form. */
    @Extension
    @Symbol("godwitAgentTemplate")
    public static class DescriptorImpl extends AgentTemplateChecks {
        @Override
        public String getDisplayName() {
            return "Agent template";
        }
    }
}

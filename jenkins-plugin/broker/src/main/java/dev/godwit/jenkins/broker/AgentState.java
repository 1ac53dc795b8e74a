package dev.godwit.jenkins.broker;

import java.util.EnumSet;
import java.util.Set;

/** How far an agent is. */
public enum AgentState {
    /** Has a place under the caps and no VM yet. */
    RESERVED,
    /** hostd was asked for its VM. */
    CREATING,
    /** Its guest boots. */
    BOOTING,
    /** Its guest runs; the agent's process is being started. */
    STARTING,
    /** The agent's process runs and has not connected yet, or not again after a controller's restart. */
    CONNECTING,
    /** The agent is connected. */
    CONNECTED,
    /** Its VM is on its way to another host, and works. */
    MOVING,
    /** The agent's process ended, the VM runs. */
    ENDED,
    /** Its VM is gone. */
    LOST,
    /** Its VM is being deleted, and counts until hostd says that it is gone. */
    TERMINATING;

    private Set<AgentState> next() {
        return switch (this) {
            case RESERVED -> EnumSet.of(CREATING, CONNECTING, LOST, TERMINATING);
            case CREATING -> EnumSet.of(BOOTING, LOST, TERMINATING);
            case BOOTING -> EnumSet.of(STARTING, LOST, TERMINATING);
            case STARTING -> EnumSet.of(CONNECTING, MOVING, ENDED, LOST, TERMINATING);
            case CONNECTING -> EnumSet.of(CREATING, CONNECTED, MOVING, ENDED, LOST, TERMINATING);
            case CONNECTED -> EnumSet.of(CREATING, CONNECTING, MOVING, ENDED, LOST, TERMINATING);
            case MOVING -> EnumSet.of(STARTING, CONNECTING, CONNECTED, ENDED, LOST, TERMINATING);
            case ENDED -> EnumSet.of(CREATING, MOVING, LOST, TERMINATING);
            case LOST -> EnumSet.of(TERMINATING);
            case TERMINATING -> EnumSet.noneOf(AgentState.class);
        };
    }

    /** Whether an agent may go from this state to that one. */
    public boolean mayBecome(AgentState state) {
        return next().contains(state);
    }
}

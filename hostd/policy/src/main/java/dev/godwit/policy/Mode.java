package dev.godwit.policy;

/** How a VM's pages get to the target. */
public enum Mode {
    /** In rounds while the VM runs; what is left at the end goes in the pause. */
    PRE_COPY("pre-copy"),
    /** All of it in the pause. */
    STOP_AND_COPY("stop-and-copy");

    private final String label;

    Mode(String label) {
        this.label = label;
    }

    /** The name that reports and the API use. */
    public String label() {
        return label;
    }
}

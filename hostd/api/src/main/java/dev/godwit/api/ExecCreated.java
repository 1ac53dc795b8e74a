package dev.godwit.api;

/** The command that was started. */
public record ExecCreated(String execId) {
    public ExecCreated {
        Require.reference("exec id", execId);
    }
}

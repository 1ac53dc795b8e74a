package hudson.model;

import java.io.PrintStream;
import java.io.PrintWriter;

/** Signature of {@code hudson.model.TaskListener}: the members that the plugin uses. */
public interface TaskListener {
    PrintStream getLogger();

    default PrintWriter error(String msg) {
        throw new UnsupportedOperationException();
    }

    TaskListener NULL = null;
}

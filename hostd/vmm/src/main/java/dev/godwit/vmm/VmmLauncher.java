package dev.godwit.vmm;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Starts a VMM as its own user in its own control group and session, through the {@code vmm-launch} program: opening
 * {@code /dev/userfaultfd} and a tap, and leaving hostd's session so that the VMM outlives it, can't be done from a JVM.
 */
public final class VmmLauncher {
    /** Where the launcher puts the tap; the command line of the VMM names it. */
    public static final int TAP_DESCRIPTOR = 20;

    private final Path program;

    /** @param program the {@code vmm-launch} binary */
    public VmmLauncher(Path program) {
        this.program = program;
    }

    /**
     * What to launch.
     *
     * @param uid user and group
     * @param extraGid one more group, for {@code /dev/kvm}
     * @param tap interface to open as {@link #TAP_DESCRIPTOR}
     * @param userfaultfd whether the VMM may make userfaultfds
     * @param environment all of it
     * @param command program and arguments
     */
    public record Launch(
            int uid,
            @Nullable Integer extraGid,
            List<Path> cgroups,
            @Nullable String tap,
            boolean userfaultfd,
            Map<String, String> environment,
            Path pidFile,
            Path log,
            List<String> command) {}

    /**
     * Starts it. The process first is the launcher and then, with the same pid, the VMM.
     *
     * @throws IOException the launcher is not there or can't be run
     */
    public Process start(Launch launch) throws IOException {
        if (!Files.isExecutable(program)) {
            throw new IOException("the launcher " + program + " is not there: run script/build first");
        }
        List<String> words = new ArrayList<>(List.of(program.toString()));
        add(words, "--uid", launch.uid());
        add(words, "--gid", launch.uid());
        if (launch.extraGid() != null) {
            add(words, "--extra-gid", launch.extraGid());
        }
        launch.cgroups().forEach(directory -> add(words, "--cgroup", directory));
        if (launch.userfaultfd()) {
            add(words, "--keep-fd", "uffd");
        }
        if (launch.tap() != null) {
            add(words, "--tap", TAP_DESCRIPTOR + ":" + launch.tap());
        }
        launch.environment().forEach((name, value) -> add(words, "--env", name + "=" + value));
        add(words, "--pid-file", launch.pidFile());
        add(words, "--log", launch.log());
        words.add("--");
        words.addAll(launch.command());
        // What the launcher says before it has opened the log goes there too.
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(launch.log().toFile()));
        return builder.start();
    }

    private static void add(List<String> words, String option, Object value) {
        words.add(option);
        words.add(value.toString());
    }
}

package dev.godwit.daemon;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether the machine goes down and takes its VMs along. Source: systemctl(1), is-system-running. */
final class MachineShutdown {
    private static final Logger log = LoggerFactory.getLogger(MachineShutdown.class);
    /** It answers in milliseconds; a stop of hostd must not hang on it. */
    private static final int ANSWER_SECONDS = 2;
    /** Present where systemd is the init. Source: sd_booted(3). */
    private static final Path SYSTEMD = Path.of("/run/systemd/system");

    private MachineShutdown() {}

    static boolean hasBegun() {
        if (!Files.isDirectory(SYSTEMD)) {
            return false;
        }
        try {
            Process asked = new ProcessBuilder("systemctl", "is-system-running")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            asked.getOutputStream().close();
            if (!asked.waitFor(ANSWER_SECONDS, TimeUnit.SECONDS)) {
                asked.destroyForcibly();
                return false;
            }
            String state = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return state.equals("stopping");
        } catch (IOException e) {
            log.info("systemd can't be asked whether the machine goes down: {}", e.getMessage());
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}

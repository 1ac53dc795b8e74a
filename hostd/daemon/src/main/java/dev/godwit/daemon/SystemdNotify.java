package dev.godwit.daemon;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd how hostd is, by the program {@code systemd-notify} (the JDK has no unix datagram sockets). Does nothing
 * when systemd did not start hostd. Source: sd_notify(3). Thread-safe.
 */
final class SystemdNotify {
    private static final Logger LOG = LoggerFactory.getLogger(SystemdNotify.class);

    /** It sends one datagram; on a machine where that takes longer, hostd has other troubles. */
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final Map<String, String> environment;

    SystemdNotify(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    void ready() {
        send("--ready", "--status=serving");
    }

    void stopping() {
        send("STOPPING=1", "--status=stopping; VMs run on");
    }

    void watchdog() {
        send("WATCHDOG=1");
    }

    /** How often {@link #watchdog} must be called: half of what the unit allows; empty when it does not ask. */
    Optional<Duration> watchdogInterval() {
        String micros = environment.get("WATCHDOG_USEC");
        if (micros == null || !environment.containsKey("NOTIFY_SOCKET")) {
            return Optional.empty();
        }
        return Optional.of(Duration.ofNanos(Long.parseLong(micros) * 1000 / 2));
    }

    private void send(String... arguments) {
        if (!environment.containsKey("NOTIFY_SOCKET")) {
            return;
        }
        List<String> command = new ArrayList<>(
                List.of("systemd-notify", "--pid=" + ProcessHandle.current().pid()));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                LOG.warn("systemd-notify {} did not end within {}", List.of(arguments), TIMEOUT);
            } else if (process.exitValue() != 0) {
                LOG.warn("systemd-notify {} ended with status {}", List.of(arguments), process.exitValue());
            }
        } catch (IOException e) {
            LOG.warn("Could not run systemd-notify {}; is it installed?", List.of(arguments), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

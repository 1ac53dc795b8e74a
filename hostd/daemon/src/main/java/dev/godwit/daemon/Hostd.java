package dev.godwit.daemon;

import dev.godwit.tls.TlsUnusable;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/** The program {@code hostd}. Exit status: 0 stopped or checked, 1 it can't serve, 2 wrong usage or configuration. */
public final class Hostd {
    private Hostd() {}

    static final int EXIT_FAILED = 1;
    static final int EXIT_USAGE = 2;

    private static final String USAGE = """
            Usage: hostd [--config FILE] [--check]
              --config FILE  configuration (default %s)
              --check        read the configuration, say what is wrong, exit 0 or 2
              --version      print the version
            """.formatted(HostdConfig.DEFAULT_FILE);

    /** Runs until SIGTERM or SIGINT, which end it with status 0. */
    public static void main(String[] args) throws InterruptedException {
        int status = run(List.of(args), System.out, System.err);
        System.exit(status);
    }

    static int run(List<String> args, PrintStream out, PrintStream err) throws InterruptedException {
        Path file = HostdConfig.DEFAULT_FILE;
        boolean check = false;
        for (int i = 0; i < args.size(); i++) {
            switch (args.get(i)) {
                case "--config" -> {
                    if (i + 1 == args.size()) {
                        err.print("hostd: --config needs a file.\n" + USAGE);
                        return EXIT_USAGE;
                    }
                    file = Path.of(args.get(++i));
                }
                case "--check" -> check = true;
                case "--version" -> {
                    out.println("hostd " + Version.text());
                    return 0;
                }
                case "--help" -> {
                    out.print(USAGE);
                    return 0;
                }
                default -> {
                    err.print("hostd: unknown argument \"" + args.get(i) + "\""
                            + Nearest.hint(args.get(i), List.of("--config", "--check", "--version", "--help")) + "\n"
                            + USAGE);
                    return EXIT_USAGE;
                }
            }
        }
        HostdConfig config;
        try {
            config = ConfigFile.read(file);
        } catch (ConfigFile.Unusable e) {
            err.println("hostd: " + e.getMessage());
            return EXIT_USAGE;
        }
        if (check && config.tls() != null) {
            try {
                HostTls.check(config, config.tls());
            } catch (TlsUnusable e) {
                err.println("hostd: " + file + ": tls: " + e.getMessage() + ".");
                return EXIT_USAGE;
            }
        }
        if (check) {
            out.println(file + " is good: host " + config.hostId() + ".");
            return 0;
        }
        return serve(config);
    }

    private static int serve(HostdConfig config) throws InterruptedException {
        JulBridge.install();
        Logger log = LoggerFactory.getLogger(Hostd.class);
        SystemdNotify systemd = new SystemdNotify(System.getenv());
        CountDownLatch stop = new CountDownLatch(1);
        for (String name : List.of("TERM", "INT")) {
            Signal.handle(new Signal(name), signal -> stop.countDown());
        }
        try (Daemon _ = Daemon.open(config, controls(), InstantSource.system())) {
            log.info("hostd {} serves host {}", Version.text(), config.hostId());
            systemd.ready();
            systemd.watchdogInterval()
                    .ifPresent(every ->
                            Thread.ofPlatform().name("watchdog").daemon().start(() -> beat(systemd, every, stop)));
            stop.await();
            systemd.stopping();
            log.info("hostd stops; its VMs run on");
        } catch (IOException e) {
            log.error("hostd can't serve: {}", e.getMessage(), e);
            return EXIT_FAILED;
        } catch (RuntimeException e) {
            log.error(
                    "hostd can't serve; what it found in {} is not what it expects: {}",
                    config.stateDirectory(),
                    String.valueOf(e.getMessage()),
                    e);
            return EXIT_FAILED;
        }
        return 0;
    }

    private static void beat(SystemdNotify systemd, Duration every, CountDownLatch stop) {
        try {
            do {
                systemd.watchdog();
            } while (!stop.await(every.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ControlFactory controls() throws IOException {
        return ServiceLoader.load(ControlFactory.class)
                .findFirst()
                .orElseThrow(() -> new IOException("No " + ControlFactory.class.getName()
                        + " is on the class path; this installation of hostd is not complete. Install it again."));
    }
}

package dev.godwit.lab;

import com.fasterxml.jackson.databind.JsonNode;
import dev.godwit.api.ExecRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The programs of {@code native/probes} in a guest, each with its status file. For one thread. */
final class GuestProbes {
    static final int ECHO_TCP_PORT = 7000;
    static final int ECHO_UDP_PORT = 7001;
    static final int CLIENT_UDP_PORT = 7002;
    static final int SERVER_PORT = 7003;
    static final int DATAGRAMS_PER_SECOND = 1000;

    private static final String BIN = "/usr/local/bin/probe-";
    /** Page writes a second: a working set that a compile would have, a few per cent of an emulated CPU. */
    private static final String PAGE_WRITES_PER_SECOND = "1500";
    /** What the guest's own figure of a pause is true to; an emulated CPU ticks no oftener beside a compiler. */
    private static final String TICK_MILLIS = "4";
    /** A probe writes its status every 200 ms. */
    private static final Duration FIRST_STATUS_WAIT = Duration.ofSeconds(30);

    private final Guest guest;
    private final Map<String, String> execs = new LinkedHashMap<>();

    private GuestProbes(Guest guest) {
        this.guest = guest;
    }

    /**
     * Installs and starts them; returns when each has written its first status.
     *
     * @param client address of the outside client, where the guest's datagrams go and its connection
     */
    static GuestProbes start(Guest guest, DistFiles dist, String client) throws IOException {
        GuestProbes probes = new GuestProbes(guest);
        probes.start(dist, "pages", "--mib", "64", "--rate", PAGE_WRITES_PER_SECOND);
        probes.start(dist, "files", "--dir", "/var/tmp/probe-files", "--drop-ms", "10000", "--pause-ms", "500");
        probes.start(dist, "ticker", "--every-ms", TICK_MILLIS);
        return probes.withTraffic(dist, client);
    }

    /** Those that speak to the outside, and no other. */
    static GuestProbes startTraffic(Guest guest, DistFiles dist, String client) throws IOException {
        return new GuestProbes(guest).withTraffic(dist, client);
    }

    private GuestProbes withTraffic(DistFiles dist, String client) throws IOException {
        start(
                dist,
                "echo",
                "--tcp-port",
                Integer.toString(ECHO_TCP_PORT),
                "--udp-port",
                Integer.toString(ECHO_UDP_PORT),
                "--udp-to",
                client + ":" + CLIENT_UDP_PORT,
                "--udp-rate",
                Integer.toString(DATAGRAMS_PER_SECOND));
        start(dist, "dial", "--to", client + ":" + SERVER_PORT);
        for (String name : execs.keySet()) {
            Patience.waitFor("the first status of the probe " + name, FIRST_STATUS_WAIT, () -> hasStatus(name));
        }
        return this;
    }

    /** A probe's newest status, at most 200 ms of guest time old. */
    JsonNode status(String name) throws IOException {
        return guest.json(statusFile(name));
    }

    /** Starts a new window of the ticker. */
    void startTickerWindow() throws IOException {
        guest.signal(exec("ticker"), "USR1");
    }

    /** Ends a probe and gives its last status. */
    JsonNode end(String name) throws IOException {
        guest.end(exec(name));
        return status(name);
    }

    private String exec(String name) {
        String exec = execs.get(name);
        if (exec == null) {
            throw new IllegalArgumentException("no probe " + name + " runs in vm " + guest.vm());
        }
        return exec;
    }

    private void start(DistFiles dist, String name, String... options) throws IOException {
        guest.put(BIN + name, 0755, Files.readAllBytes(dist.probe(name)));
        List<String> argv = new ArrayList<>(List.of(BIN + name, "--status", statusFile(name)));
        argv.addAll(List.of(options));
        execs.put(name, guest.start(new ExecRequest(argv, Map.of(), null, false)));
    }

    private Optional<Boolean> hasStatus(String name) {
        try {
            return status(name).has("probe") ? Optional.of(true) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // not written yet: Patience says so if it lasts
        }
    }

    private static String statusFile(String name) {
        return "/run/probe-" + name + ".json";
    }
}

package dev.godwit.lab;

import com.fasterxml.jackson.databind.JsonNode;
import dev.godwit.lab.outside.OutsideClient;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The edge that holds the public address is killed while a connection into the VM and one out of it carry records: the
 * stand-by takes over, and both go on. What is lost of datagrams in between is told, and no check. For one thread.
 */
final class EdgeFailoverScenario implements Scenario {
    private static final String IMAGE = "debian-ci";
    /** Of the guest's own connection, before and after. */
    private static final long RECORDS = 1000;

    private static final Duration RECORDS_WAIT = Duration.ofMinutes(2);
    private static final Duration TAKE_OVER_WAIT = Duration.ofSeconds(60);

    @Override
    public List<String> checks() {
        return List.of("edge-killed", "edge-taken-over", "tcp-stream", "outbound");
    }

    @Override
    public void play(Stage stage) throws IOException, InterruptedException {
        Findings findings = stage.findings();
        LabHost first = stage.startEdge("edge-1");
        LabHost second = stage.startEdge("edge-2");
        LabHost a = stage.startHost("host-a", 1, true);
        Guest guest = stage.boot(a, "held", stage.image(IMAGE, a));
        try (OutsideClient outside = stage.outsideOf(guest)) {
            GuestProbes probes = GuestProbes.startTraffic(
                    guest, stage.dist(), stage.lab().network().client());
            outside.begin();
            awaitRecords(probes, RECORDS);
            LabHost active = holder(first, second)
                    .orElseThrow(() -> new LabException("neither edge holds " + RoutedSites.PUBLIC));
            LabHost standBy = active == first ? second : first;
            stage.isSet();
            findings.mark("traffic runs");

            active.destroy();
            double killedAt = System.currentTimeMillis();
            findings.mark(active.id() + " killed");
            findings.check(
                    "edge-killed", !active.alive(), active.id() + " held " + RoutedSites.PUBLIC + " and was killed");
            Patience.waitFor(
                    standBy.id() + " to take over " + RoutedSites.PUBLIC,
                    TAKE_OVER_WAIT,
                    () -> holds(standBy) ? Optional.of(true) : Optional.empty());
            double takenAt = System.currentTimeMillis();
            findings.mark(standBy.id() + " holds the address");
            awaitRecords(probes, probes.status("dial").path("received").asLong() + RECORDS);
            findings.check(
                    "edge-taken-over",
                    true,
                    String.format(
                            Locale.ROOT,
                            "%s holds %s %.0f ms after the kill",
                            standBy.id(),
                            RoutedSites.PUBLIC,
                            takenAt - killedAt));
            new DemoChecks(findings, guest, probes).connections(outside);
        }
    }

    private static Optional<LabHost> holder(LabHost... edges) {
        return List.of(edges).stream().filter(EdgeFailoverScenario::holds).findFirst();
    }

    /** Looked at in the kernel's own tables, where it is true or not. */
    private static boolean holds(LabHost edge) {
        return Command.of("ip", "-o", "address", "show", "dev", "pub0")
                .behind(edge.machine().networkEntry())
                .run()
                .contains(" " + RoutedSites.PUBLIC + "/");
    }

    private static void awaitRecords(GuestProbes probes, long records) {
        Patience.waitFor("record " + records + " of the guest's connection", RECORDS_WAIT, () -> {
            try {
                JsonNode dial = probes.status("dial");
                return dial.path("received").asLong() >= records ? Optional.of(true) : Optional.empty();
            } catch (IOException e) {
                return Optional.empty(); // its host is being asked: Patience says so if it lasts
            }
        });
    }
}

package dev.godwit.lab;

import com.fasterxml.jackson.databind.JsonNode;
import dev.godwit.lab.outside.OutsideClient;
import dev.godwit.lab.outside.OutsideResult;
import dev.godwit.lab.packets.PacketCapture;
import dev.godwit.lab.packets.VxlanFrame;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A host freezes with everything on it. After its lease its VM is claimed for another host, where a fresh VM answers at the
 * same address; then the frozen host goes on, and finds out: nothing of its copy comes out, and the copy is ended. For one
 * thread.
 */
final class FrozenHostScenario implements Scenario {
    private static final String IMAGE = "debian-ci";
    /** A lease of ten seconds, and time for a loaded machine to see its end. */
    private static final Duration CLAIM_WAIT = Duration.ofSeconds(90);

    private static final Duration END_WAIT = Duration.ofSeconds(60);
    private static final Duration RECORDS_WAIT = Duration.ofMinutes(2);
    /** What the old copy might still send, it sends at once: its guest has been wanting to for half a minute. */
    private static final Duration SILENCE = Duration.ofSeconds(10);

    @Override
    public List<String> checks() {
        return List.of("claimed", "same-address", "fresh-vm-answers", "old-copy-silent", "old-copy-ended");
    }

    @Override
    public void play(Stage stage) throws IOException, InterruptedException {
        Findings findings = stage.findings();
        stage.startEdge("edge-1");
        LabHost a = stage.startHost("host-a", 1, true);
        LabHost b = stage.startHost("host-b", 2, false);
        Guest guest = stage.boot(a, "claimed", stage.image(IMAGE, a, b));
        String address = stage.address(guest);
        InetAddress vm = InetAddress.getByName(address);
        OutsideClient before = stage.outsideOf(guest);
        GuestProbes.startTraffic(guest, stage.dist(), stage.lab().network().client());
        before.begin();
        stage.isSet();

        HostNamespaces router = ((RoutedSites) stage.lab().network()).underlayRouter();
        try (PacketCapture fromA = PacketCapture.start(
                router,
                "udp port 4789 and src host " + a.address().underlay().orElseThrow(),
                stage.lab().directory().resolve("frozen-host.pcap"))) {
            FrozenMachine frozen = FrozenMachine.freeze(a.machine());
            double frozenAt = System.currentTimeMillis();
            findings.mark("host-a frozen");
            stage.terminal().println("host-a frozen; waiting for the end of its lease");
            before.close();
            claim(stage, guest, b);
            findings.mark("claimed");
            guest.awaitRunning();
            findings.mark("a fresh VM runs");
            String now = stage.address(guest);
            findings.check("same-address", now.equals(address), "it had " + address + " and has " + now);
            answers(stage, guest, findings);

            frozen.thaw();
            double thawedAt = System.currentTimeMillis();
            findings.mark("host-a thawed");
            stage.terminal().println("host-a thawed");
            ended(findings, a);
            Patience.pause(SILENCE.minusMillis((long) (System.currentTimeMillis() - thawedAt)));
            // What was on its way as the freeze came has passed the router within it.
            List<VxlanFrame> late = fromA.stop().stream()
                    .filter(frame -> frame.atEpochMillis() > frozenAt + 100
                            && frame.source().equals(vm))
                    .toList();
            findings.oldHostPackets(late.size());
            findings.check(
                    "old-copy-silent",
                    late.isEmpty(),
                    late.size() + " packets of the VM left host-a since it froze, by a capture on its link");
        }
    }

    private static void claim(Stage stage, Guest guest, LabHost target) {
        String said = Patience.waitFor("the lease of host-a to end and the VM to be claimed", CLAIM_WAIT, () -> {
            Command.Result result = stage.godwitAt(target, "vm", "claim", guest.vm());
            return result.status() == 0 ? Optional.of(result.output()) : Optional.empty();
        });
        stage.findings().check("claimed", true, "godwit vm claim: " + said.strip());
    }

    private static void answers(Stage stage, Guest guest, Findings findings) throws IOException {
        try (OutsideClient outside = stage.outsideOf(guest)) {
            GuestProbes probes = GuestProbes.startTraffic(
                    guest, stage.dist(), stage.lab().network().client());
            outside.begin();
            Patience.waitFor("records of the fresh VM", RECORDS_WAIT, () -> {
                try {
                    JsonNode echo = probes.status("echo");
                    return echo.path("records").asLong() > 1000 ? Optional.of(true) : Optional.empty();
                } catch (IOException e) {
                    return Optional.empty(); // no status yet: Patience says so if it lasts
                }
            });
            probes.end("dial");
            outside.stopSending();
            OutsideResult.Tcp tcp = outside.finish().tcp();
            findings.check(
                    "fresh-vm-answers",
                    tcp.received() > 0 && tcp.lost() == 0 && tcp.reconnects() == 0,
                    tcp.received() + " records answered at the published port, lost " + tcp.lost());
        }
    }

    private static void ended(Findings findings, LabHost host) {
        List<String> left;
        try {
            Patience.waitFor(
                    "the old copy to be ended",
                    END_WAIT,
                    () -> vmms(host).isEmpty() ? Optional.of(true) : Optional.empty());
            left = List.of();
        } catch (LabException stillThere) {
            left = vmms(host);
        }
        findings.check(
                "old-copy-ended",
                left.isEmpty(),
                left.isEmpty()
                        ? "no VMM runs on " + host.id() + " any more"
                        : "still there: " + String.join(", ", left));
    }

    private static List<String> vmms(LabHost host) {
        return FrozenMachine.processes(host.machine()).entrySet().stream()
                .filter(process -> process.getValue() != 'Z')
                .flatMap(process -> HostNamespaces.commandLine(process.getKey()).stream())
                .filter(line -> line.contains("qemu-system"))
                .toList();
    }
}

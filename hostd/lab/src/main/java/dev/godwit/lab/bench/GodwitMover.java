package dev.godwit.lab.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.godwit.api.Blackout;
import dev.godwit.api.CreateVm;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Move;
import dev.godwit.api.MoveState;
import dev.godwit.client.GodwitClient;
import dev.godwit.lab.DistFiles;
import dev.godwit.lab.Guest;
import dev.godwit.lab.LabException;
import dev.godwit.lab.Patience;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Godwit: a VM that goes from one host of the lab to the other and back. For one thread. */
final class GodwitMover implements Mover {
    private static final Duration MOVE_MAX = Duration.ofMinutes(2);
    private static final Duration WRITER_MAX = Duration.ofMinutes(1);
    private static final String WRITER = "/usr/local/bin/pages";
    private static final String STATUS = "/run/pages.json";

    private final GodwitClient client;
    private final Map<String, GodwitClient> hosts;
    private final DistFiles dist;
    private final Guest guest;
    private @Nullable String writer;

    private GodwitMover(GodwitClient client, Map<String, GodwitClient> hosts, DistFiles dist, Guest guest) {
        this.client = client;
        this.hosts = hosts;
        this.dist = dist;
        this.guest = guest;
    }

    /**
     * Boots a VM on the host that answers first.
     *
     * @param hosts a client of each of the two hosts alone, by the host's name
     */
    static GodwitMover boot(GodwitClient client, Map<String, GodwitClient> hosts, DistFiles dist, CreateVm wanted)
            throws IOException {
        Guest guest = new Guest(client, client.createVm(wanted).id());
        guest.awaitRunning();
        return new GodwitMover(client, hosts, dist, guest);
    }

    @Override
    public String name() {
        return "godwit";
    }

    @Override
    public Cost move() throws IOException {
        String source = client.vm(guest.vm()).host();
        String target = hosts.keySet().stream()
                .filter(host -> !host.equals(source))
                .findFirst()
                .orElseThrow();
        GodwitClient there = Objects.requireNonNull(hosts.get(source), source);
        Move move = ended(there, there.move(guest.vm(), target));
        Blackout blackout = move.blackoutMillis();
        if (move.state() != MoveState.DONE) {
            throw new IOException("the move to " + target + " ended as " + move.state() + ": " + move.failure());
        }
        if (blackout == null || blackout.hostd() == null || move.moveMillis() == null || move.linkBytes() == null) {
            throw new IOException("the record of move " + move.id() + " lacks a figure: " + move);
        }
        return new Cost(blackout.hostd(), move.moveMillis(), move.linkBytes());
    }

    /** Only the source knows what went over its link. */
    private static Move ended(GodwitClient source, String id) throws IOException {
        try {
            return Patience.waitFor("move " + id + " to end", MOVE_MAX, () -> {
                try {
                    return Optional.of(source.moveRecord(id)).filter(GodwitMover::isOver);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** At RELEASE the source still removes what it has of the VM, and that would be a part of the next figure. */
    private static boolean isOver(Move move) {
        return move.ended() && move.state() != MoveState.RELEASE;
    }

    @Override
    public void startWriter() throws IOException {
        guest.put(WRITER, 0755, Files.readAllBytes(dist.probe("pages")));
        writer = guest.start(new ExecRequest(
                List.of(
                        WRITER,
                        "--mib",
                        Integer.toString(WRITER_MIB),
                        "--rate",
                        Integer.toString(WRITER_PAGES_PER_SECOND),
                        "--status",
                        STATUS),
                Map.of(),
                null,
                false));
        awaitWriter(WRITER_PAGES_FIRST);
    }

    @Override
    public void rest() throws IOException {
        if (writer != null) {
            guest.signal(writer, "STOP");
        }
    }

    @Override
    public void wake() throws IOException {
        if (writer != null) {
            long before = guest.json(STATUS).path("verified").asLong();
            guest.signal(writer, "CONT");
            awaitWriter(before + WRITER_PAGES_FIRST);
        }
    }

    private void awaitWriter(long verified) {
        Patience.waitFor("the page writer to verify " + verified + " pages", WRITER_MAX, () -> {
            try {
                JsonNode status = guest.json(STATUS);
                if (status.path("errors").asLong() > 0) {
                    throw new LabException("the page writer found wrong pages: " + status);
                }
                return status.path("verified").asLong() >= verified ? Optional.of(status) : Optional.empty();
            } catch (IOException e) {
                return Optional.empty(); // no status yet: Patience says so if it lasts
            }
        });
    }

    @Override
    public void close() throws IOException {
        client.deleteVm(guest.vm());
    }
}

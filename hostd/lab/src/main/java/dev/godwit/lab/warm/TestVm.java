package dev.godwit.lab.warm;

import dev.godwit.guest.ExecRequest;
import dev.godwit.guest.ExecState;
import dev.godwit.guest.GuestChannel;
import dev.godwit.guest.GuestException;
import dev.godwit.guest.OutStream;
import dev.godwit.guest.Output;
import dev.godwit.guest.OutputReader;
import dev.godwit.vmm.Vmm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;

/**
 * A running guest that answers, with fresh entropy, the time and a name of its own; it has no network card. Closing ends
 * it and leaves nothing. For one thread; {@link #vmm} and {@link #channel} are thread-safe.
 */
public final class TestVm implements AutoCloseable {
    /** A program under emulation on a loaded machine; one that says nothing for longer hangs. */
    private static final Duration QUIET_MAX = Duration.ofMinutes(1);

    private final VmPlace place;
    private final Opened parts;
    private final Vmm vmm;
    private final VmDisk disk;
    private final GuestChannel channel;

    TestVm(VmPlace place, Opened parts, Vmm vmm, VmDisk disk, GuestChannel channel) {
        this.place = place;
        this.parts = parts;
        this.vmm = vmm;
        this.disk = disk;
        this.channel = channel;
    }

    /** The guest's host name. */
    public String name() {
        return place.hostname();
    }

    /** Its VMM, memory included. */
    public Vmm vmm() {
        return vmm;
    }

    /** The channel to its guestd. */
    public GuestChannel channel() {
        return channel;
    }

    /**
     * Runs a program in the guest to its end and gives what it wrote.
     *
     * @throws IOException it ended with another status than 0; the message has its output
     */
    public String run(String... argv) throws IOException {
        String exec = "x-" + UUID.randomUUID();
        try {
            channel.exec(ExecRequest.of(exec, argv));
            String said = text(exec, OutStream.STDOUT) + text(exec, OutStream.STDERR);
            ExecState state = channel.await(exec, QUIET_MAX);
            if (!state.equals(new ExecState.Exited(0))) {
                throw new IOException(
                        "'" + String.join(" ", argv) + "' in " + name() + " ended as " + state + ": " + said.strip());
            }
            return said;
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while '" + argv[0] + "' ran in " + name(), stopped);
        }
    }

    private String text(String exec, OutStream stream) throws GuestException, InterruptedException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (OutputReader reader = channel.output(exec, stream, 0)) {
            while (true) {
                switch (reader.next(QUIET_MAX)) {
                    case Output.Piece piece -> all.writeBytes(piece.bytes());
                    case Output.End end -> {
                        return all.toString(StandardCharsets.UTF_8);
                    }
                    case Output.Quiet quiet ->
                        throw new GuestException(name() + " said nothing for " + QUIET_MAX.toSeconds() + " s after "
                                + quiet.offset() + " bytes of " + stream);
                }
            }
        }
    }

    VmPlace place() {
        return place;
    }

    VmDisk disk() {
        return disk;
    }

    @Override
    public void close() throws IOException {
        parts.close();
    }
}

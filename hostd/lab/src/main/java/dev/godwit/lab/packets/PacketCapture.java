package dev.godwit.lab.packets;

import dev.godwit.lab.HostNamespaces;
import dev.godwit.lab.LabException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * tcpdump on all legs of a router, from its start to {@link #stop}: each frame once, as it comes in. A capture that the
 * kernel had to drop from is no witness, and {@link #stop} says so. For one thread.
 */
public final class PacketCapture implements AutoCloseable {
    /** Enough for all headers, outer and inner, of IPv6 too. */
    private static final String SNAP_BYTES = "192";
    /** A second of a loaded machine at full rate. */
    private static final String BUFFER_KIB = "16384";

    private static final Pattern DROPPED = Pattern.compile("([0-9]+) packets? dropped by (kernel|interface)");
    private static final int END_SECONDS = 10;

    private final Process tcpdump;
    private final BufferedReader messages;
    private final Path file;

    private PacketCapture(Process tcpdump, BufferedReader messages, Path file) {
        this.tcpdump = tcpdump;
        this.messages = messages;
        this.file = file;
    }

    /**
     * Starts it; returns when it sees frames.
     *
     * @param filter in tcpdump's language, for example {@code udp port 4789}
     * @param file that it writes
     * @throws LabException if tcpdump is missing or does not start
     */
    public static PacketCapture start(HostNamespaces router, String filter, Path file) {
        List<String> argv = new ArrayList<>(router.networkEntry());
        argv.addAll(List.of("tcpdump", "-i", "any", "-Q", "in", "-n", "-U", "-Z", "root", "--immediate-mode"));
        argv.addAll(List.of("-s", SNAP_BYTES, "-B", BUFFER_KIB, "-w", file.toString(), filter));
        try {
            Process process = new ProcessBuilder(argv)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            BufferedReader messages = process.errorReader(StandardCharsets.UTF_8);
            List<String> said = new ArrayList<>();
            for (String line = messages.readLine(); line != null; line = messages.readLine()) {
                said.add(line);
                if (line.contains("listening on")) {
                    return new PacketCapture(process, messages, file);
                }
            }
            throw new LabException("tcpdump did not start at " + router.name() + ": " + String.join(" / ", said));
        } catch (IOException e) {
            throw new LabException(
                    "tcpdump can't be run (" + e.getMessage() + "); script/bootstrap installs what the lab needs", e);
        }
    }

    /**
     * Ends it.
     *
     * @return what it saw, in time order
     * @throws LabException if frames passed that it could not take in
     */
    public List<VxlanFrame> stop() {
        // Process.destroy would close what it still has to say.
        tcpdump.toHandle().destroy();
        try {
            List<String> said = messages.lines().toList();
            if (!tcpdump.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                throw new LabException("tcpdump did not end in " + END_SECONDS + " s");
            }
            for (String line : said) {
                Matcher dropped = DROPPED.matcher(line);
                if (dropped.find() && Long.parseLong(dropped.group(1)) > 0) {
                    throw new LabException("the capture " + file + " has gaps: " + line);
                }
            }
            return PcapFile.read(file);
        } catch (IOException e) {
            throw new LabException("the capture " + file + " can't be read: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted while tcpdump ended", e);
        }
    }

    @Override
    public void close() {
        tcpdump.destroyForcibly();
    }
}

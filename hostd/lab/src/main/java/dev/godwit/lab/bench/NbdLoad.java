package dev.godwit.lab.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A load of {@code qemu-img bench}.
 *
 * @param name the last part of the case
 * @param requestBytes of each request
 * @param depth requests in flight
 * @param stepBytes from one request to the next; small requests stride through the disk, as the tool has no random mode
 * @param requests of a full run
 * @param write whether it writes
 * @param flushInterval writes between two flushes, 0 for none
 */
record NbdLoad(
        String name, int requestBytes, int depth, int stepBytes, int requests, boolean write, int flushInterval) {
    private static final int STRIDE_BYTES = 1052672;
    private static final int RUN_SECONDS_MAX = 120;
    private static final Pattern COMPLETED = Pattern.compile("Run completed in ([0-9.]+) seconds");

    static List<NbdLoad> all() {
        List<NbdLoad> loads = new ArrayList<>();
        for (boolean write : new boolean[] {false, true}) {
            String way = write ? "write/" : "read/";
            loads.add(new NbdLoad(way + "4k-q16", 4096, 16, STRIDE_BYTES, 40_000, write, 0));
            loads.add(new NbdLoad(way + "4k-q64", 4096, 64, STRIDE_BYTES, 40_000, write, 0));
            loads.add(new NbdLoad(way + "64k-q16", 65536, 16, 65536, 16_384, write, 0));
            loads.add(new NbdLoad(way + "1m-q16", 1 << 20, 16, 1 << 20, 2048, write, 0));
        }
        return loads;
    }

    /** 4 KiB writes with a flush after each 64, as a journalling file system in a guest does. */
    static NbdLoad writeFlush() {
        return new NbdLoad("write-flush", 4096, 16, STRIDE_BYTES, 8192, true, 64);
    }

    String unit() {
        return requestBytes < 65536 ? "kIOPS" : "MB/s";
    }

    /** Runs it once and gives the figure in {@link #unit}. */
    double run(String uri, int divisor) throws IOException, InterruptedException {
        int count = Math.max(depth, requests / divisor);
        List<String> command = new ArrayList<>(List.of(
                "qemu-img",
                "bench",
                "-f",
                "raw",
                "-t",
                "none",
                "-c",
                Integer.toString(count),
                "-d",
                Integer.toString(depth),
                "-s",
                Integer.toString(requestBytes),
                "-S",
                Integer.toString(stepBytes)));
        if (write) {
            command.addAll(List.of("-w", "--pattern", "165"));
        }
        if (flushInterval > 0) {
            command.addAll(List.of("--flush-interval", Integer.toString(flushInterval)));
        }
        command.add(uri);
        double seconds = seconds(output(command));
        double perSecond = count / seconds;
        return requestBytes < 65536 ? perSecond / 1000 : perSecond * requestBytes / 1e6;
    }

    private static double seconds(String output) throws IOException {
        Matcher completed = COMPLETED.matcher(output);
        if (!completed.find()) {
            throw new IOException("qemu-img bench did not complete:\n" + output);
        }
        return Double.parseDouble(completed.group(1));
    }

    /** A command's output; an error when it fails or takes too long. */
    static String output(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(RUN_SECONDS_MAX, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(String.join(" ", command) + " did not end within " + RUN_SECONDS_MAX + " s");
        }
        if (process.exitValue() != 0) {
            throw new IOException(String.join(" ", command) + ": exit " + process.exitValue() + "\n" + output);
        }
        return output;
    }
}

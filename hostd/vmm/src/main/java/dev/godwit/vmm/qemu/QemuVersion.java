package dev.godwit.vmm.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a QEMU binary says of itself.
 *
 * @param version for example {@code QEMU 7.2.22}
 * @param machineType the newest versioned one that it has and this release of Godwit was tested with
 */
record QemuVersion(String version, String machineType) {
    /** Newer machine types may have devices and defaults that were never moved. */
    static final String NEWEST_TESTED = "pc-i440fx-7.2";

    private static final Pattern VERSION = Pattern.compile("QEMU emulator version ([0-9.]+)");
    private static final Pattern MACHINE = Pattern.compile("^pc-i440fx-([0-9]+)\\.([0-9]+) ", Pattern.MULTILINE);
    /** It prints and exits; seen: 60 ms. */
    private static final int ANSWER_SECONDS_MAX = 10;
    /** The list of machines has 6 KiB. */
    private static final int ANSWER_BYTES_MAX = 1 << 20;

    static QemuVersion of(Path qemu) throws IOException {
        if (!Files.isExecutable(qemu)) {
            throw new IOException("there is no QEMU at " + qemu + ": install the package qemu-system-x86");
        }
        return parse(ask(qemu, "-version"), ask(qemu, "-machine", "help"));
    }

    static QemuVersion parse(String version, String machines) throws IOException {
        Matcher number = VERSION.matcher(version);
        if (!number.find()) {
            throw new IOException("QEMU names no version: " + version.strip());
        }
        long newest = MACHINE.matcher(NEWEST_TESTED + " ")
                .results()
                .mapToLong(machine -> order(machine.group(1), machine.group(2)))
                .sum();
        String machineType = MACHINE.matcher(machines)
                .results()
                .filter(machine -> order(machine.group(1), machine.group(2)) <= newest)
                .max(Comparator.comparingLong(machine -> order(machine.group(1), machine.group(2))))
                .map(machine -> machine.group().strip())
                .orElseThrow(() -> new IOException("QEMU " + number.group(1) + " has no machine type pc-i440fx up to "
                        + NEWEST_TESTED + ": Godwit was not tested with it"));
        return new QemuVersion("QEMU " + number.group(1), machineType);
    }

    private static long order(String major, String minor) {
        return Long.parseLong(major) * 1000 + Long.parseLong(minor);
    }

    private static String ask(Path qemu, String... question) throws IOException {
        List<String> command = new java.util.ArrayList<>(List.of(qemu.toString()));
        command.addAll(List.of(question));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        try {
            String answer = new String(
                    process.getInputStream().readNBytes(ANSWER_BYTES_MAX), java.nio.charset.StandardCharsets.UTF_8);
            if (!process.waitFor(ANSWER_SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(String.join(" ", command) + " failed: " + answer.strip());
            }
            return answer;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while asking " + qemu, interrupted);
        } finally {
            process.destroyForcibly();
        }
    }
}

package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OtherProbesTest {
    @TempDir
    Path folder;

    @Test
    void filesThatReadAsTheyWereWrittenAreNoErrors() throws Exception {
        try (ProbeProcess probe = startFiles()) {
            await().until(() ->
                    probe.hasStatus() && probe.status().path("reread").asLong() > 3);
            assertThat(probe.end()).isZero();
            assertThat(probe.status().path("errors").asLong()).isZero();
        }
    }

    @Test
    void aFileWithOneWrongByteIsFound() throws Exception {
        try (ProbeProcess probe = startFiles()) {
            await().until(() ->
                    probe.hasStatus() && probe.status().path("files").asLong() > 8);
            probe.signal("STOP");
            Path victim = written().getFirst();
            try (RandomAccessFile file = new RandomAccessFile(victim.toFile(), "rw")) {
                int first = file.read();
                file.seek(0);
                file.write(first ^ 1);
            }
            probe.signal("CONT");
            assertThat(probe.end()).isEqualTo(1);
            assertThat(probe.status().path("errors").asLong()).isEqualTo(1);
            assertThat(probe.output()).contains(victim.getFileName() + " differs");
        }
    }

    @Test
    void aFileThatVanishedIsFound() throws Exception {
        try (ProbeProcess probe = startFiles()) {
            await().until(() ->
                    probe.hasStatus() && probe.status().path("files").asLong() > 8);
            probe.signal("STOP");
            Files.delete(written().getFirst());
            probe.signal("CONT");
            assertThat(probe.end()).isEqualTo(1);
            assertThat(probe.status().path("errors").asLong()).isEqualTo(1);
        }
    }

    @Test
    void thePauseOfATickerIsItsLargestStep() throws Exception {
        try (ProbeProcess probe = ProbeProcess.start(folder, "ticker")) {
            await().until(() ->
                    probe.hasStatus() && probe.status().path("ticks").asLong() > 50);
            probe.signal("USR1");
            await().until(() -> probe.status().path("window").asInt() == 1);
            probe.signal("STOP");
            long stopped = System.nanoTime();
            await().until(() -> System.nanoTime() - stopped > 300_000_000L);
            probe.signal("CONT");
            long pausedNanos = System.nanoTime() - stopped;
            await().until(() -> largestStep(probe) >= 300_000_000L);
            assertThat(largestStep(probe)).isLessThan(pausedNanos + 100_000_000L);
            probe.signal("USR1");
            await().until(() -> probe.status().path("window").asInt() == 2);
            assertThat(largestStep(probe)).as("a new window").isLessThan(300_000_000L);
        }
    }

    @Test
    void datagramsThatComeTwiceOrLateOrNotAtAllAreTold() throws Exception {
        try (ProbeProcess probe = ProbeProcess.start(folder, "echo", "--tcp-port", "0", "--udp-port", "7411")) {
            await().until(probe::hasStatus);
            try (var socket = new java.net.DatagramSocket()) {
                for (long number : new long[] {0, 1, 1, 3, 2, 6}) {
                    byte[] record = new byte[64];
                    java.nio.ByteBuffer.wrap(record)
                            .putInt(0x47575231)
                            .putInt(64)
                            .putLong(number);
                    socket.send(new java.net.DatagramPacket(
                            record, record.length, java.net.InetAddress.getLoopbackAddress(), 7411));
                }
            }
            await().until(() -> probe.status().path("udpIn").path("received").asLong() == 6);
            JsonNode in = probe.status().path("udpIn");
            assertThat(List.of(
                            in.path("lost").asInt(),
                            in.path("duplicated").asInt(),
                            in.path("reordered").asInt()))
                    .containsExactly(2, 1, 1);
        }
    }

    private ProbeProcess startFiles() throws Exception {
        return ProbeProcess.start(
                folder,
                "files",
                "--dir",
                folder + "/files",
                "--slots",
                "64",
                "--kib-max",
                "64",
                "--pause-ms",
                "1",
                "--drop-ms",
                "100");
    }

    private List<Path> written() throws Exception {
        try (Stream<Path> files = Files.list(folder.resolve("files"))) {
            return files.filter(file -> {
                        try {
                            return Files.size(file) > 0;
                        } catch (java.io.IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    })
                    .sorted()
                    .toList();
        }
    }

    private static long largestStep(ProbeProcess probe) throws Exception {
        return probe.status().path("steps").path(0).path("realtimeNanos").asLong();
    }
}

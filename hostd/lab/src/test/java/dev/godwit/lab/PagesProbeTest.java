package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PagesProbeTest {
    private static final int PAGE_BYTES = 4096;
    private static final Pattern WHERE = Pattern.compile("pages at 0x([0-9a-f]+)");

    @TempDir
    Path folder;

    private ProbeProcess probe;

    @BeforeEach
    void startProbe() throws IOException {
        probe = ProbeProcess.start(folder, "pages", "--mib", "2", "--rate", "2000", "--seed", "7");
        await().until(() -> probe.hasStatus() && probe.status().path("verified").asLong() > 100);
    }

    @AfterEach
    void stopProbe() {
        probe.close();
    }

    @Test
    void soundMemoryHasNoErrors() throws Exception {
        assertThat(probe.end()).isZero();
        JsonNode status = probe.status();
        assertThat(status.path("errors").asLong()).isZero();
        assertThat(status.path("verified").asLong()).isGreaterThan(512);
        assertThat(probe.output())
                .endsWith("verified " + status.path("verified").asLong() + " errors 0\n");
    }

    @Test
    void aPageWhoseLastWriteWasLostIsStale() throws Exception {
        try (RandomAccessFile memory = probe.memory()) {
            byte[] old = page(memory, 3);
            await().until(() -> generation(page(memory, 3)) > generation(old));
            putWhileStopped(memory, 3, old);
        }
        assertThat(found("stale")).isEqualTo(1);
    }

    @Test
    void aPageOfZerosIsZeroed() throws Exception {
        try (RandomAccessFile memory = probe.memory()) {
            putWhileStopped(memory, 5, new byte[PAGE_BYTES]);
        }
        assertThat(found("zeroed")).isEqualTo(1);
    }

    @Test
    void aPageWithOneWrongByteIsGarbage() throws Exception {
        try (RandomAccessFile memory = probe.memory()) {
            probe.signal("STOP");
            byte[] spoilt = page(memory, 5);
            spoilt[4000] ^= 1;
            putWhileStopped(memory, 5, spoilt);
        }
        assertThat(found("garbage")).isEqualTo(1);
    }

    @Test
    void aPageThatBelongsElsewhereIsMisplaced() throws Exception {
        try (RandomAccessFile memory = probe.memory()) {
            putWhileStopped(memory, 5, page(memory, 6));
        }
        assertThat(found("misplaced")).isEqualTo(1);
    }

    private long found(String kind) throws Exception {
        assertThat(probe.end()).isEqualTo(1);
        JsonNode status = probe.status();
        assertThat(status.path("errors").asLong()).as("errors in %s", status).isEqualTo(1);
        return status.path(kind).asLong();
    }

    private void putWhileStopped(RandomAccessFile memory, int page, byte[] content) throws IOException {
        probe.signal("STOP");
        memory.seek(address(page));
        memory.write(content);
        probe.signal("CONT");
    }

    private byte[] page(RandomAccessFile memory, int page) throws IOException {
        byte[] content = new byte[PAGE_BYTES];
        memory.seek(address(page));
        memory.readFully(content);
        return content;
    }

    private static long generation(byte[] page) {
        return java.nio.ByteBuffer.wrap(page)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .getLong(16);
    }

    private long address(int page) throws IOException {
        Matcher matcher = WHERE.matcher(probe.output());
        assertThat(matcher.find()).isTrue();
        return Long.parseLong(matcher.group(1), 16) + (long) page * PAGE_BYTES;
    }
}

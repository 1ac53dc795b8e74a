package dev.godwit.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilesTest {
    @TempDir
    Path directory;

    private GuestdProcess guestd;
    private GuestChannel channel;

    @BeforeEach
    void start() throws Exception {
        guestd = new GuestdProcess(directory);
        channel = guestd.channel();
        channel.awaitReady(Duration.ofSeconds(60));
    }

    @AfterEach
    void stop() {
        channel.close();
        guestd.close();
    }

    @Test
    void aFileGoesInAndComesOutUnchanged() throws Exception {
        // Around the size of a piece, where an error by one would show.
        for (int size : new int[] {0, 1, 131_071, 131_072, 131_073, 1_000_000}) {
            byte[] content = new byte[size];
            new Random(size).nextBytes(content);
            Path target = directory.resolve("new/folder/file" + size);
            channel.put(new ByteArrayInputStream(content), target.toString(), 0640);
            assertThat(target).hasBinaryContent(content);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(target)))
                    .isEqualTo("rw-r-----");
            ByteArrayOutputStream back = new ByteArrayOutputStream();
            assertThat(channel.get(target.toString(), back)).isEqualTo(size);
            assertThat(back.toByteArray()).isEqualTo(content);
            assertThat(channel.stat(target.toString()))
                    .returns((long) size, FileStat::sizeBytes)
                    .returns(true, FileStat::isRegular);
        }
        assertThat(directory.resolve("new/folder").toFile().list()).hasSize(6);
    }

    @Test
    void aTransferThatStopsHalfWayLeavesTheOldFile() throws Exception {
        Path target = directory.resolve("file");
        Files.writeString(target, "old");
        InputStream breaking = new InputStream() {
            private int left = 300_000;

            @Override
            public int read() throws java.io.IOException {
                if (left-- <= 0) {
                    throw new java.io.IOException("the disk of the host broke");
                }
                return 'x';
            }
        };
        assertThatThrownBy(() -> channel.put(breaking, target.toString(), 0644)).hasMessageContaining("broke");
        assertThat(target).hasContent("old");
    }

    @Test
    void aFileThatIsNotThereIsNamedWithItsReason() {
        assertThatThrownBy(() -> channel.get("/no/such/file", new ByteArrayOutputStream()))
                .hasMessageContaining("GET /no/such/file: No such file or directory")
                .asInstanceOf(type(GuestRefused.class))
                .returns(2L, GuestRefused::value);
    }

    @Test
    void aRelativePathIsRefused() {
        assertThatThrownBy(() -> channel.put(new ByteArrayInputStream("x".getBytes(UTF_8)), "file", 0644))
                .isInstanceOf(GuestRefused.class);
    }
}

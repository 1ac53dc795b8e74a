package dev.godwit.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers as a server may send them, in pieces of every size. */
class AnswerTest {
    @TempDir
    Path directory;

    private final CountDownLatch done = new CountDownLatch(1);

    @AfterEach
    void end() {
        done.countDown();
    }

    private Answer answer(String text, int pieceBytes, boolean close, int silenceMillis) throws IOException {
        Path socket = directory.resolve("s");
        ServerSocketChannel server =
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().start(() -> {
            try (server;
                    SocketChannel client = server.accept()) {
                ByteBuffer request = ByteBuffer.allocate(4096);
                while (!new String(request.array(), StandardCharsets.ISO_8859_1).contains("\r\n\r\n")) {
                    client.read(request);
                }
                byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
                for (int at = 0; at < bytes.length; at += pieceBytes) {
                    client.write(ByteBuffer.wrap(bytes, at, Math.min(pieceBytes, bytes.length - at)));
                }
                if (!close) {
                    done.await();
                }
            } catch (IOException | InterruptedException over) {
                return; // the test ended first
            }
        });
        Endpoint endpoint = new Endpoint("unix:" + socket);
        return Answer.on(
                Connection.open(endpoint, new TlsIdentity(TlsIdentity.usualDirectory())),
                endpoint,
                Request.get("/v1/host"),
                silenceMillis);
    }

    private String body(String text, int pieceBytes, boolean close) throws IOException {
        try (Answer answer = answer(text, pieceBytes, close, 5000)) {
            return new String(answer.document(), StandardCharsets.ISO_8859_1);
        }
    }

    private static final String CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    @Test
    void anAnswerEndsWithItsLengthAlthoughTheConnectionStaysOpen() throws Exception {
        for (int piece : new int[] {1, 7, 1000}) {
            assertThat(body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", piece, false))
                    .isEqualTo("hello");
            Files.delete(directory.resolve("s"));
        }
    }

    @Test
    void chunksArePutTogether() throws Exception {
        for (int piece : new int[] {1, 3, 1000}) {
            assertThat(body(CHUNKED + "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n", piece, false))
                    .isEqualTo("hello");
            Files.delete(directory.resolve("s"));
        }
    }

    @Test
    void anAnswerWithoutALengthEndsWithItsConnection() throws Exception {
        assertThat(body("HTTP/1.1 200 OK\r\n\r\nhello", 1000, true)).isEqualTo("hello");
    }

    @Test
    void anAnswerThatBreaksOffIsNotTakenForWhole() {
        assertThatThrownBy(() -> body("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 1000, true))
                .hasMessageContaining("4 bytes too early");
    }

    @Test
    void chunksThatBreakOffAreNotTakenForWhole() {
        assertThatThrownBy(() -> body(CHUNKED + "9\r\nhello", 1000, true)).hasMessageContaining("inside a chunk");
    }

    @Test
    void aChunkOfNoSizeIsRefused() {
        assertThatThrownBy(() -> body(CHUNKED + "zz\r\nhello", 1000, true)).hasMessageContaining("size of a chunk");
    }

    @Test
    void whatIsNotHttpIsRefused() {
        assertThatThrownBy(() -> body("SSH-2.0-OpenSSH_9.2\r\n", 1000, true)).hasMessageContaining("is it a hostd?");
    }

    @Test
    void anEndlessLineIsRefused() {
        assertThatThrownBy(() -> body("HTTP/1.1 200 OK\r\nX: " + "a".repeat(100_000) + "\r\n\r\n", 100_000, true))
                .hasMessageContaining("a line longer than");
    }

    @Test
    void aSilentServerIsGivenUp() {
        assertThatThrownBy(() -> answer("HTTP/1.1 200 OK\r\n", 1000, false, 200))
                .hasMessageContaining("waited 200 ms for its answer");
    }

    @Test
    void eventsAreTakenApart() throws Exception {
        String stream = ":alive\n\nid:host-a.1\nevent:event\ndata:{\"a\":1}\n\ndata: x\ndata: y\n\n";
        String text = CHUNKED + Integer.toHexString(stream.length()) + "\r\n" + stream + "\r\n0\r\n\r\n";
        try (Answer answer = answer(text, 5, false, 5000)) {
            Sse events = new Sse(answer.body());
            Sse.Message first = Objects.requireNonNull(events.next());
            assertThat(first.name()).isEqualTo("event");
            assertThat(new String(first.data(), StandardCharsets.UTF_8)).isEqualTo("{\"a\":1}");
            Sse.Message second = Objects.requireNonNull(events.next());
            assertThat(new String(second.data(), StandardCharsets.UTF_8)).isEqualTo("x\ny");
            assertThat(events.next()).isNull();
        }
    }
}

package dev.godwit.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A server on a socket of its own with one disk in memory: what the tests of the server and of its requests stand on. */
abstract class ServedDisk {
    static final long SEED = 0xbadbadL;
    static final int SIZE = 8 << 20;

    @TempDir
    Path folder;

    Path socket = Path.of("");
    NbdServer server;
    final MemoryDevice device = new MemoryDevice(SIZE);
    final NbdExport export = new NbdExport("disk", "vm-1", 1, device, ExportMode.READ_WRITE);

    @BeforeEach
    void listen() throws IOException {
        socket = folder.resolve("nbd.sock");
        server = NbdServer.listen(socket);
        server.export(export);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    /** Sends a request, and gives the error of its reply; 0: none. */
    static int error(RawClient client, int command, int flags, long offset, int length, byte... payload)
            throws IOException {
        client.request(command, flags, 7, offset, length, payload);
        RawClient.Reply reply = client.reply();
        assertThat(reply.cookie()).isEqualTo(7);
        return reply.error();
    }
}

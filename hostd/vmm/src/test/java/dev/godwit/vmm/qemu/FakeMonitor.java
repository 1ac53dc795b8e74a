package dev.godwit.vmm.qemu;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The other end of a monitor socket, played by a test. */
final class FakeMonitor implements AutoCloseable {
    interface Script {
        void play(FakeMonitor monitor) throws IOException;
    }

    static final String GREETING = "{\"QMP\":{\"version\":{\"qemu\":{\"major\":7}},\"capabilities\":[\"oob\"]}}";

    final Path socket;
    private final ServerSocketChannel server;
    private final Thread thread;
    private BufferedReader in = new BufferedReader(java.io.Reader.nullReader());
    private OutputStream out = OutputStream.nullOutputStream();

    private FakeMonitor(Path socket, Script script) throws IOException {
        this.socket = socket;
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        this.thread = Thread.ofPlatform().daemon().start(() -> {
            try (SocketChannel client = server.accept()) {
                in = new BufferedReader(new InputStreamReader(Channels.newInputStream(client), StandardCharsets.UTF_8));
                out = Channels.newOutputStream(client);
                script.play(this);
                while (in.readLine() != null) {
                    // Stays until the client goes.
                }
            } catch (IOException gone) {
                // The client went first, as some tests want.
            }
        });
    }

    static FakeMonitor playing(Path directory, Script script) throws IOException {
        return new FakeMonitor(directory.resolve("m.sock"), script);
    }

    /** Greets and answers the capability command. */
    void negotiate() throws IOException {
        say(GREETING);
        hear();
        say("{\"return\":{},\"id\":1}");
    }

    void say(String text) throws IOException {
        out.write((text + "\r\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    String hear() throws IOException {
        String line = in.readLine();
        if (line == null) {
            throw new IOException("client is gone");
        }
        return line;
    }

    @Override
    public void close() throws Exception {
        server.close();
        thread.interrupt();
        thread.join(5000);
    }
}

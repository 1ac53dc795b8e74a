package dev.godwit.jenkins.broker;

import dev.godwit.lab.Patience;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import javax.tools.ToolProvider;

/**
 * What stands in for a controller: it serves an agent.jar of our own, since remoting's can't be had offline, and holds the
 * connections of agents. The way up to the agent's {@code java} is the real one.
 */
public final class TestController implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(4);

    /** A held connection. */
    public static final class Connection {
        private final Socket socket;
        private final BufferedReader in;
        /** {@code NAME SECRET WEBSOCKET}. */
        public final String greeting;

        private Connection(Socket socket, BufferedReader in, String greeting) {
            this.socket = socket;
            this.in = in;
            this.greeting = greeting;
        }

        /** Sends a line and gives the answer: the line, the agent's user, its directory, and its variable STAGE. */
        public synchronized String ask(String line) throws IOException {
            tell(line);
            String answer = in.readLine();
            if (answer == null) {
                throw new IOException("the agent's connection has ended");
            }
            return answer;
        }

        /** Sends a line that has no answer. */
        public void tell(String line) throws IOException {
            new PrintWriter(socket.getOutputStream(), true, StandardCharsets.UTF_8).println(line);
        }
    }

    private final ServerSocket server;
    private final byte[] agentJar;
    /** All there ever were. */
    public final List<Connection> connections = new CopyOnWriteArrayList<>();

    /** @param address as the guest reaches it */
    public TestController(String address, Path folder) throws IOException {
        this.agentJar = agentJar(folder);
        this.server = new ServerSocket(0, 50, InetAddress.getByName(address));
        Workers.daemon(this::accept, "test-controller").start();
    }

    /** The controller's root, as agents get it. */
    public URI url() {
        return URI.create("http://" + server.getInetAddress().getHostAddress() + ":" + server.getLocalPort() + "/");
    }

    /** For the guest's older Java. */
    private static byte[] agentJar(Path folder) throws IOException {
        Path source = folder.resolve("TestAgent.java");
        try (InputStream text =
                Objects.requireNonNull(TestController.class.getResourceAsStream("TestAgent.java.txt"))) {
            Files.write(source, text.readAllBytes());
        }
        int status = ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, "--release", "17", "-d", folder.toString(), source.toString());
        if (status != 0) {
            throw new IOException("the test's agent can't be compiled");
        }
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, "TestAgent");
        Path jar = folder.resolve("agent.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
            out.putNextEntry(new JarEntry("TestAgent.class"));
            out.write(Files.readAllBytes(folder.resolve("TestAgent.class")));
        }
        return Files.readAllBytes(jar);
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                Workers.daemon(() -> serve(socket), "test-controller-connection")
                        .start();
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            String first = in.readLine();
            if (first == null) {
                socket.close();
            } else if (first.startsWith("GET /jnlpJars/agent.jar ")) {
                OutputStream out = socket.getOutputStream();
                out.write(("HTTP/1.1 200 OK\r\nContent-Length: " + agentJar.length + "\r\nConnection: close\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                out.write(agentJar);
                socket.close();
            } else if (first.startsWith("AGENT ")) {
                connections.add(new Connection(socket, in, first.substring("AGENT ".length())));
            }
        } catch (IOException broken) {
            return; // the test waits for what it needs
        }
    }

    /** The n-th connection, from 1. */
    public Connection awaitConnection(int number) {
        return Patience.waitFor(
                "connection " + number + " of an agent",
                LIMIT,
                () -> connections.stream().skip(number - 1L).findFirst());
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Connection each : connections) {
            each.socket.close();
        }
    }
}

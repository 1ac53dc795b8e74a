package dev.godwit.vmm.qemu;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.godwit.vmm.Vmm;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to a QEMU monitor: JSON objects, one a line, over a unix socket. Source: docs/interop/qmp-spec.txt of
 * QEMU.
 *
 * <p>Thread-safe: commands of several threads go out whole and are answered by id. Two platform threads a connection: one
 * reads, since an answer in a cut-over must not wait for a carrier of virtual threads; one calls the listeners.
 */
final class QmpConnection implements AutoCloseable {
    /** An ordinary command takes below 1 ms; 10 s say that QEMU's main loop hangs. */
    static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(10);
    /** The largest answer seen is 100 KiB. What is longer is not QEMU. */
    static final int MESSAGE_BYTES_MAX = 4 << 20;
    /** A move makes about ten events. A listener this far behind hangs. */
    static final int EVENTS_MAX = 1024;
    /** How much of a bad message an error quotes. */
    private static final int QUOTED_CHARACTERS_MAX = 120;

    private static final Logger LOG = LoggerFactory.getLogger(QmpConnection.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String vmId;
    private final SocketChannel channel;
    private final Object writing = new Object();
    private final AtomicLong lastId = new AtomicLong();
    private final Map<Long, CompletableFuture<JsonNode>> pending = new ConcurrentHashMap<>();
    private final BlockingQueue<Vmm.Event> events = new ArrayBlockingQueue<>(EVENTS_MAX);
    private final List<Consumer<Vmm.Event>> listeners = new CopyOnWriteArrayList<>();
    private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
    private final AtomicReference<@Nullable IOException> end = new AtomicReference<>();
    private final Thread reader;
    private final Thread caller;

    private QmpConnection(String vmId, SocketChannel channel, String name) {
        this.vmId = vmId;
        this.channel = channel;
        this.reader = Thread.ofPlatform().daemon().name(name + "-" + vmId).unstarted(this::read);
        this.caller =
                Thread.ofPlatform().daemon().name(name + "-events-" + vmId).unstarted(this::callListeners);
    }

    /**
     * Connects, takes the greeting and leaves the negotiation mode.
     *
     * @param outOfBand whether {@link #executeOutOfBand} is wanted
     * @throws IOException nobody listens, or it is no QMP monitor, or it did not answer in time
     */
    static QmpConnection open(Path socket, String vmId, boolean outOfBand, Duration timeout) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        QmpConnection connection = new QmpConnection(vmId, channel, outOfBand ? "qmp-watchdog" : "qmp");
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            connection.reader.start();
            connection.caller.start();
            connection.await(connection.greeting, "the greeting", timeout);
            ObjectNode arguments = JSON.createObjectNode();
            if (outOfBand) {
                arguments.putArray("enable").add("oob");
            }
            connection.execute("qmp_capabilities", arguments, timeout);
            return connection;
        } catch (IOException | RuntimeException failed) {
            connection.close();
            throw failed;
        }
    }

    /** What is done between two looks for a monitor that does not listen yet. */
    @FunctionalInterface
    interface Patience {
        /** Waits a moment; throws when there is nothing left to wait for. */
        void waitAMoment() throws IOException;
    }

    /**
     * As {@link #open}, of a QEMU that is only starting. Its socket lies there from bind(2) on, and refuses until
     * listen(2).
     */
    static QmpConnection openWhenListening(
            Path socket, String vmId, boolean outOfBand, Duration timeout, Patience patience) throws IOException {
        while (true) {
            if (Files.exists(socket)) {
                try {
                    return open(socket, vmId, outOfBand, timeout);
                } catch (ConnectException notYet) {
                    LOG.debug("vm {}: {} does not listen yet", vmId, socket);
                }
            }
            patience.waitAMoment();
        }
    }

    /** An empty argument object. */
    static ObjectNode arguments() {
        return JSON.createObjectNode();
    }

    /** What QEMU said first: its version. */
    JsonNode version() {
        return greeting.join().path("version");
    }

    /** {@link #execute(String, ObjectNode, Duration)} without arguments, within {@link #COMMAND_TIMEOUT}. */
    JsonNode execute(String command) throws IOException {
        return execute(command, arguments(), COMMAND_TIMEOUT);
    }

    /** {@link #execute(String, ObjectNode, Duration)} within {@link #COMMAND_TIMEOUT}. */
    JsonNode execute(String command, ObjectNode arguments) throws IOException {
        return execute(command, arguments, COMMAND_TIMEOUT);
    }

    /**
     * Sends a command and waits for its answer. QEMU carries commands out one after the other.
     *
     * @return the answer's {@code return}
     * @throws QmpError QEMU refused
     * @throws QmpTimeout no answer in time; QEMU may still carry the command out
     * @throws IOException the connection is gone
     */
    JsonNode execute(String command, ObjectNode arguments, Duration timeout) throws IOException {
        return send("execute", command, arguments, timeout);
    }

    /** As {@link #execute}, but served by QEMU's monitor thread even while its main loop hangs; few commands can. */
    JsonNode executeOutOfBand(String command, ObjectNode arguments, Duration timeout) throws IOException {
        return send("exec-oob", command, arguments, timeout);
    }

    /** Calls {@code listener} for each event from now on, in order, on one thread. */
    void onEvent(Consumer<Vmm.Event> listener) {
        listeners.add(listener);
    }

    /** Whether commands can still be sent. */
    boolean isOpen() {
        return end.get() == null;
    }

    private JsonNode send(String verb, String command, ObjectNode arguments, Duration timeout) throws IOException {
        long id = lastId.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        pending.put(id, answer);
        try {
            ObjectNode message = JSON.createObjectNode().put(verb, command).put("id", id);
            if (!arguments.isEmpty()) {
                message.set("arguments", arguments);
            }
            write(message);
            JsonNode reply = await(answer, command, timeout);
            JsonNode error = reply.get("error");
            if (error != null) {
                throw new QmpError(
                        vmId,
                        command,
                        error.path("class").asText(),
                        error.path("desc").asText());
            }
            return reply.path("return");
        } finally {
            pending.remove(id);
        }
    }

    private void write(ObjectNode message) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((message + "\n").getBytes(StandardCharsets.UTF_8));
        synchronized (writing) {
            IOException ended = end.get();
            if (ended != null) {
                throw new IOException(ended.getMessage(), ended);
            }
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }

    private JsonNode await(CompletableFuture<JsonNode> answer, String command, Duration timeout) throws IOException {
        try {
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            throw new QmpTimeout(vmId, command, timeout);
        } catch (ExecutionException failed) {
            Throwable why = Objects.requireNonNullElse(failed.getCause(), failed);
            throw new IOException("no answer to " + command + ": " + why.getMessage(), why);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while QEMU of VM " + vmId + " works on " + command, interrupted);
        }
    }

    private void read() {
        ByteBuffer buffer = ByteBuffer.allocate(16 << 10);
        try {
            while (true) {
                if (channel.read(buffer) < 0) {
                    throw new IOException("QEMU of VM " + vmId + " closed its monitor");
                }
                buffer.flip();
                takeLines(buffer);
                buffer.compact();
                if (!buffer.hasRemaining()) {
                    if (buffer.capacity() >= MESSAGE_BYTES_MAX) {
                        throw new IOException("QEMU of VM " + vmId + " sent a message of more than " + MESSAGE_BYTES_MAX
                                + " bytes: that is no QMP");
                    }
                    ByteBuffer larger = ByteBuffer.allocate(buffer.capacity() * 2);
                    larger.put(buffer.flip());
                    buffer = larger;
                }
            }
        } catch (IOException ended) {
            fail(ended);
        }
    }

    private void takeLines(ByteBuffer buffer) throws IOException {
        for (int at = buffer.position(); at < buffer.limit(); at++) {
            if (buffer.get(at) == '\n') {
                byte[] line = new byte[at - buffer.position()];
                buffer.get(line).get();
                take(line);
            }
        }
    }

    private void take(byte[] line) throws IOException {
        JsonNode message;
        try {
            message = JSON.readTree(line);
        } catch (JacksonException garbage) {
            throw new IOException("QEMU of VM " + vmId + " sent what is no QMP message: " + quote(line), garbage);
        }
        if (message.has("event")) {
            Vmm.Event event = new Vmm.Event(
                    message.path("event").asText(), message.path("data").toString());
            if (!events.offer(event)) {
                throw new IOException("a listener to QEMU of VM " + vmId + " is " + EVENTS_MAX + " events behind");
            }
        } else if (message.has("QMP")) {
            greeting.complete(message.path("QMP"));
        } else if (message.has("return") || message.has("error")) {
            CompletableFuture<JsonNode> answer =
                    pending.remove(message.path("id").asLong(-1));
            if (answer == null) {
                LOG.info("vm {}: late answer of QEMU: {}", vmId, quote(line));
            } else {
                answer.complete(message);
            }
        } else {
            throw new IOException("QEMU of VM " + vmId + " sent what is no QMP message: " + quote(line));
        }
    }

    private void callListeners() {
        while (true) {
            Vmm.Event event;
            try {
                event = events.take();
            } catch (InterruptedException closed) {
                return;
            }
            for (Consumer<Vmm.Event> listener : listeners) {
                try {
                    listener.accept(event);
                } catch (RuntimeException failed) {
                    LOG.error("vm {}: a listener failed on event {}", vmId, event, failed);
                }
            }
        }
    }

    private void fail(IOException why) {
        if (!end.compareAndSet(null, why)) {
            return;
        }
        try {
            channel.close();
        } catch (IOException again) {
            why.addSuppressed(again);
        }
        greeting.completeExceptionally(why);
        pending.values().forEach(answer -> answer.completeExceptionally(why));
        caller.interrupt();
    }

    private static String quote(byte[] line) {
        String text = new String(line, StandardCharsets.UTF_8).strip();
        return text.length() <= QUOTED_CHARACTERS_MAX ? text : text.substring(0, QUOTED_CHARACTERS_MAX) + "...";
    }

    @Override
    public void close() {
        fail(new IOException("the connection to QEMU of VM " + vmId + " was closed"));
    }
}

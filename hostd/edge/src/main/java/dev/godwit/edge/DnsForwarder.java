package dev.godwit.edge;

import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers the VMs' questions for names on the gateway address, over UDP and TCP: names of VMs from {@link VmNames}, all
 * others by handing the message on to the configured resolvers as it is. Answers are taken only from the resolver that
 * was asked, on a port and with an id that were drawn for this question. Everything is bounded by {@link DnsLimits}.
 */
public final class DnsForwarder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DnsForwarder.class);
    private static final String ZONE = "godwit";
    /** What EDNS lets a client ask for in one datagram, and more. */
    private static final int DATAGRAM_BYTES_MAX = 8192;

    private static final int MESSAGE_BYTES_MAX = 65535;

    private final List<InetSocketAddress> resolvers;
    private final VmNames names;
    private final DnsLimits limits;
    private final Places queries;
    private final Places connections;
    private final SecureRandom random = new SecureRandom();
    private final List<DatagramSocket> datagrams = new ArrayList<>();
    private final List<ServerSocket> servers = new ArrayList<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService ends = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("edge-dns-ends").factory());
    private final LongAdder asked = new LongAdder();
    private final LongAdder answeredHere = new LongAdder();
    private final LongAdder forwarded = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder malformed = new LongAdder();
    private final LongAdder overLimit = new LongAdder();
    private volatile boolean closed;

    private DnsForwarder(List<InetSocketAddress> resolvers, VmNames names, DnsLimits limits) {
        this.resolvers = List.copyOf(resolvers);
        this.names = names;
        this.limits = limits;
        this.queries = new Places(limits.queriesAtOnce(), limits.queriesAtOncePerVm());
        this.connections = new Places(limits.connectionsAtOnce(), limits.connectionsAtOncePerVm());
    }

    /**
     * Listens on UDP and TCP of each address.
     *
     * @param resolvers asked in this order; without any, only VMs' names are answered
     * @throws IOException an address is not this host's, or its port is taken
     */
    public static DnsForwarder open(
            List<InetSocketAddress> addresses, List<InetSocketAddress> resolvers, VmNames names, DnsLimits limits)
            throws IOException {
        DnsForwarder forwarder = new DnsForwarder(resolvers, names, limits);
        boolean opened = false;
        try {
            for (InetSocketAddress address : addresses) {
                forwarder.listen(address);
            }
            opened = true;
            return forwarder;
        } finally {
            if (!opened) {
                forwarder.close();
            }
        }
    }

    private void listen(InetSocketAddress address) throws IOException {
        try {
            DatagramSocket datagram = new DatagramSocket(address);
            datagrams.add(datagram);
            ServerSocket server = new ServerSocket();
            servers.add(server);
            server.bind(new InetSocketAddress(address.getAddress(), datagram.getLocalPort()));
            Thread.ofPlatform().daemon().name("edge-dns-udp").start(() -> receive(datagram));
            Thread.ofPlatform().daemon().name("edge-dns-tcp").start(() -> accept(server));
        } catch (IOException e) {
            throw new IOException(
                    "VMs' questions for names can't be answered on " + address + ": " + e.getMessage(), e);
        }
    }

    /** The port of the first address, where it was chosen by the system. */
    int port() {
        return datagrams.getFirst().getLocalPort();
    }

    /** What was done so far. */
    public DnsCounts counts() {
        return new DnsCounts(
                asked.sum(), answeredHere.sum(), forwarded.sum(), failed.sum(), malformed.sum(), overLimit.sum());
    }

    private void receive(DatagramSocket socket) {
        byte[] buffer = new byte[DATAGRAM_BYTES_MAX];
        while (!closed) {
            DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
            try {
                socket.receive(packet);
            } catch (IOException e) {
                if (!closed) {
                    LOG.debug("a question was lost: {}", e.getMessage());
                }
                continue;
            }
            asked.increment();
            byte[] query = Arrays.copyOf(buffer, packet.getLength());
            InetSocketAddress asker = (InetSocketAddress) packet.getSocketAddress();
            if (!DnsQuestion.isQuery(query)) {
                malformed.increment();
            } else if (!queries.take(asker.getAddress())) {
                overLimit.increment();
            } else {
                Thread.ofVirtual().start(() -> answerDatagram(socket, asker, query));
            }
        }
    }

    private void answerDatagram(DatagramSocket socket, InetSocketAddress asker, byte[] query) {
        try {
            byte[] answer = answer(asker.getAddress(), query, this::askByDatagram);
            socket.send(new DatagramPacket(answer, answer.length, asker));
        } catch (IOException e) {
            LOG.debug("an answer to {} was not sent: {}", asker, e.getMessage());
        } finally {
            queries.give(asker.getAddress());
        }
    }

    private interface Asking {
        /** Asks one resolver; {@code query} has an id of our own. */
        byte[] ask(InetSocketAddress resolver, DnsQuestion question, byte[] query) throws IOException;
    }

    private byte[] answer(InetAddress asker, byte[] query, Asking asking) {
        Optional<DnsQuestion> read = DnsQuestion.read(query);
        if (read.isEmpty()) {
            malformed.increment();
            return DnsQuestion.formatError(query);
        }
        DnsQuestion question = read.get();
        List<String> labels = question.labels();
        if (!labels.isEmpty() && labels.getLast().equals(ZONE)) {
            answeredHere.increment();
            List<InetAddress> addresses =
                    labels.size() == 3 ? names.addresses(asker, labels.get(0), labels.get(1)) : List.of();
            return addresses.isEmpty()
                    ? question.refusal(query, DnsQuestion.NO_SUCH_NAME)
                    : question.addresses(query, addresses);
        }
        byte[] ours = query.clone();
        ByteBuffer.wrap(ours).putShort((short) random.nextInt(1 << 16));
        for (InetSocketAddress resolver : resolvers) {
            try {
                byte[] answer = asking.ask(resolver, question, ours);
                ByteBuffer.wrap(answer).putShort((short) question.id());
                forwarded.increment();
                return answer;
            } catch (IOException e) {
                LOG.debug("resolver {} did not answer: {}", resolver, e.getMessage());
            }
        }
        failed.increment();
        return question.refusal(query, DnsQuestion.SERVER_FAILURE);
    }

    private byte[] askByDatagram(InetSocketAddress resolver, DnsQuestion question, byte[] query) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(resolver);
            socket.send(new DatagramPacket(query, query.length));
            byte[] buffer = new byte[DATAGRAM_BYTES_MAX];
            Deadline deadline = new Deadline(limits.resolverTimeout());
            while (true) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.setSoTimeout(deadline.leftMillis());
                socket.receive(packet);
                if (question.isAnsweredBy(query, buffer, packet.getLength())) {
                    return Arrays.copyOf(buffer, packet.getLength());
                }
            }
        }
    }

    private void accept(ServerSocket server) {
        while (!closed) {
            try {
                Socket client = server.accept();
                if (connections.take(client.getInetAddress())) {
                    open.add(client);
                    ends.schedule(() -> end(client), limits.connectionLife().toMillis(), TimeUnit.MILLISECONDS);
                    Thread.ofVirtual().start(() -> serve(client));
                } else {
                    overLimit.increment();
                    client.close();
                }
            } catch (IOException e) {
                if (!closed) {
                    LOG.debug("a connection for names was lost: {}", e.getMessage());
                }
            }
        }
    }

    private void serve(Socket client) {
        InetAddress asker = client.getInetAddress();
        try (client) {
            while (true) {
                byte[] query = readMessage(client, limits.messageTimeout());
                asked.increment();
                if (!DnsQuestion.isQuery(query)) {
                    malformed.increment();
                    return;
                }
                if (!queries.take(asker)) {
                    overLimit.increment();
                    return;
                }
                try {
                    writeMessage(client, answer(asker, query, this::askByConnection));
                } finally {
                    queries.give(asker);
                }
            }
        } catch (IOException e) {
            LOG.debug("a connection of {} for names ended: {}", asker, e.getMessage());
        } finally {
            open.remove(client);
            connections.give(asker);
        }
    }

    private byte[] askByConnection(InetSocketAddress resolver, DnsQuestion question, byte[] query) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(resolver, (int) limits.resolverTimeout().toMillis());
            writeMessage(socket, query);
            byte[] answer = readMessage(socket, limits.resolverTimeout());
            if (!question.isAnsweredBy(query, answer, answer.length)) {
                throw new IOException("the answer is to another question");
            }
            return answer;
        }
    }

    private static void writeMessage(Socket socket, byte[] message) throws IOException {
        byte[] framed = new byte[message.length + 2];
        framed[0] = (byte) (message.length >> 8);
        framed[1] = (byte) message.length;
        System.arraycopy(message, 0, framed, 2, message.length);
        socket.getOutputStream().write(framed);
    }

    /** Reads one message whole within a time, however few bytes come at once. */
    private static byte[] readMessage(Socket socket, Duration within) throws IOException {
        Deadline deadline = new Deadline(within);
        InputStream in = socket.getInputStream();
        byte[] length = readFully(socket, in, 2, deadline);
        int bytes = Byte.toUnsignedInt(length[0]) << 8 | Byte.toUnsignedInt(length[1]);
        if (bytes < DnsQuestion.HEADER_BYTES || bytes > MESSAGE_BYTES_MAX) {
            throw new IOException("a message of " + bytes + " bytes");
        }
        return readFully(socket, in, bytes, deadline);
    }

    private static byte[] readFully(Socket socket, InputStream in, int bytes, Deadline deadline) throws IOException {
        byte[] whole = new byte[bytes];
        int read = 0;
        while (read < bytes) {
            socket.setSoTimeout(deadline.leftMillis());
            int got = in.read(whole, read, bytes - read);
            if (got < 0) {
                throw new IOException("it was closed");
            }
            read += got;
        }
        return whole;
    }

    /** A moment by which something must be done. */
    private static final class Deadline {
        private final long atNanos;

        Deadline(Duration within) {
            atNanos = System.nanoTime() + within.toNanos();
        }

        /** What is left, at least 1. */
        int leftMillis() throws SocketTimeoutException {
            long left = atNanos - System.nanoTime();
            if (left <= 0) {
                throw new SocketTimeoutException("nothing whole came in time");
            }
            return (int) Math.max(1, left / 1_000_000);
        }
    }

    private static void end(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing a connection for names: {}", e.getMessage());
        }
    }

    /** Stops listening; what is under way is given up. */
    @Override
    public void close() {
        closed = true;
        datagrams.forEach(DatagramSocket::close);
        for (ServerSocket server : servers) {
            try {
                server.close();
            } catch (IOException e) {
                LOG.debug("closing a listener for names: {}", e.getMessage());
            }
        }
        open.forEach(DnsForwarder::end);
        ends.shutdownNow();
    }
}

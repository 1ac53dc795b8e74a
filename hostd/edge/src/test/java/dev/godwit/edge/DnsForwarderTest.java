package dev.godwit.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The forwarder between real sockets on loopback, with a resolver that the test writes. */
class DnsForwarderTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final InetAddress VM = InetAddress.ofLiteral("10.9.0.5");
    private static final InetAddress VM6 = InetAddress.ofLiteral("fd00::5");

    private final Resolver resolver = new Resolver();
    private DnsForwarder forwarder;

    @BeforeAll
    static void loopbackIsUp() throws Exception {
        // The tests' network namespace is new; without the right to make one this is so already.
        new ProcessBuilder("ip", "link", "set", "lo", "up").start().waitFor();
    }

    @BeforeEach
    void open() throws IOException {
        forwarder = open(DnsLimits.defaults(), resolver.address());
    }

    private static DnsForwarder open(DnsLimits limits, InetSocketAddress... resolvers) throws IOException {
        VmNames names =
                (asker, vm, project) -> vm.equals("builder") && project.equals("web") ? List.of(VM, VM6) : List.of();
        return onAFreePort(address -> DnsForwarder.open(List.of(address), List.of(resolvers), names, limits));
    }

    private interface Opening<T> {
        T at(InetSocketAddress address) throws IOException;
    }

    /** What listens on UDP and TCP of one port: the system draws a port for one of them, the other may be taken. */
    private static <T> T onAFreePort(Opening<T> opening) throws IOException {
        IOException taken = new IOException("no port was tried");
        for (int attempt = 0; attempt < 20; attempt++) {
            int port;
            try (DatagramSocket drawn = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0))) {
                port = drawn.getLocalPort();
            }
            try {
                return opening.at(new InetSocketAddress(LOOPBACK, port));
            } catch (IOException e) {
                taken = e;
            }
        }
        throw taken;
    }

    @AfterEach
    void close() {
        forwarder.close();
        resolver.close();
    }

    /** Answers every question with its own bytes and an address; told otherwise by its fields. */
    private static final class Resolver implements AutoCloseable {
        final DatagramSocket socket;
        final ServerSocket server;
        final AtomicInteger questions = new AtomicInteger();
        final List<Integer> ids = new ArrayList<>();
        final List<Integer> ports = new ArrayList<>();
        volatile boolean mute;
        volatile boolean liesFirst;

        Resolver() {
            try {
                server = onAFreePort(address -> {
                    new DatagramSocket(address).close();
                    return new ServerSocket(address.getPort(), 50, address.getAddress());
                });
                socket = new DatagramSocket(server.getLocalSocketAddress());
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            Thread.ofVirtual().start(this::answerDatagrams);
            Thread.ofVirtual().start(this::answerConnections);
        }

        InetSocketAddress address() {
            return new InetSocketAddress(LOOPBACK, socket.getLocalPort());
        }

        private static byte[] answer(byte[] query) {
            byte[] answer = Arrays.copyOf(query, query.length + 16);
            ByteBuffer out = ByteBuffer.wrap(answer);
            out.putShort(2, (short) 0x8180).putShort(6, (short) 1);
            out.position(query.length)
                    .putShort((short) 0xc00c)
                    .putShort((short) 1)
                    .putShort((short) 1)
                    .putInt(60)
                    .putShort((short) 4)
                    .put(new byte[] {1, 2, 3, 4});
            return answer;
        }

        private void answerDatagrams() {
            byte[] buffer = new byte[4096];
            try {
                while (true) {
                    DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                    socket.receive(packet);
                    byte[] query = Arrays.copyOf(buffer, packet.getLength());
                    questions.incrementAndGet();
                    synchronized (ids) {
                        ids.add((int) ByteBuffer.wrap(query).getShort());
                        ports.add(packet.getPort());
                    }
                    if (mute) {
                        continue;
                    }
                    byte[] answer = answer(query);
                    if (liesFirst) {
                        byte[] lie = answer.clone();
                        lie[0] ^= 1;
                        lie[lie.length - 1] = 66;
                        socket.send(new DatagramPacket(lie, lie.length, packet.getSocketAddress()));
                    }
                    socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                // Closed at the test's end.
            }
        }

        private void answerConnections() {
            try {
                while (true) {
                    try (Socket client = server.accept()) {
                        byte[] answer = answer(readMessage(client));
                        client.getOutputStream().write(framed(answer));
                    }
                }
            } catch (IOException e) {
                // Closed at the test's end.
            }
        }

        @Override
        public void close() {
            socket.close();
            try {
                server.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    static byte[] query(int id, String name, int type) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(ByteBuffer.allocate(12)
                .putShort((short) id)
                .putShort((short) 0x0100)
                .putShort((short) 1)
                .array());
        for (String label : name.split("\\.")) {
            out.write(label.length());
            out.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
        }
        out.write(0);
        out.writeBytes(ByteBuffer.allocate(4)
                .putShort((short) type)
                .putShort((short) 1)
                .array());
        return out.toByteArray();
    }

    private static byte[] framed(byte[] message) {
        return ByteBuffer.allocate(message.length + 2)
                .putShort((short) message.length)
                .put(message)
                .array();
    }

    private static byte[] readMessage(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] message = new byte[in.readUnsignedShort()];
        in.readFully(message);
        return message;
    }

    /** Asks as a client does: once more when nothing comes. */
    private byte[] ask(byte[] query) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(5_000);
            byte[] buffer = new byte[4096];
            DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
            for (int i = 0; ; i++) {
                socket.send(new DatagramPacket(query, query.length, LOOPBACK, forwarder.port()));
                try {
                    socket.receive(packet);
                    return Arrays.copyOf(buffer, packet.getLength());
                } catch (SocketTimeoutException e) {
                    if (i == 3) {
                        throw e;
                    }
                }
            }
        }
    }

    private static int code(byte[] answer) {
        return answer[3] & 15;
    }

    private static int records(byte[] answer) {
        return ByteBuffer.wrap(answer).getShort(6);
    }

    private static byte[] last(byte[] answer, int bytes) {
        return Arrays.copyOfRange(answer, answer.length - bytes, answer.length);
    }

    @Test
    void aQuestionIsHandedOnWithAnIdAndPortOfItsOwnAndAnsweredUnderTheAskersId() throws IOException {
        for (int i = 0; i < 8; i++) {
            byte[] answer = ask(query(7, "deb.debian.org", 1));
            assertThat(ByteBuffer.wrap(answer).getShort()).isEqualTo((short) 7);
            assertThat(last(answer, 4)).containsExactly(1, 2, 3, 4);
        }
        assertThat(resolver.ids).hasSize(8);
        assertThat(resolver.ids.stream().distinct().count()).as("ids are drawn").isGreaterThan(6);
        assertThat(resolver.ports.stream().distinct().count())
                .as("ports are drawn")
                .isGreaterThan(6);
        assertThat(forwarder.counts().forwarded()).isEqualTo(8);
    }

    @Test
    void anAnswerWithAWrongIdIsNotTaken() throws IOException {
        resolver.liesFirst = true;
        assertThat(last(ask(query(7, "deb.debian.org", 1)), 4)).containsExactly(1, 2, 3, 4);
    }

    @Test
    void aResolverThatIsMuteIsPassedOverAndWithoutAnyTheAnswerIsServerFailure() throws IOException {
        forwarder.close();
        try (Resolver other = new Resolver()) {
            resolver.mute = true;
            DnsLimits quick =
                    new DnsLimits(8, 8, 10, Duration.ofMillis(100), Duration.ofSeconds(5), Duration.ofSeconds(30));
            forwarder = open(quick, resolver.address(), other.address());
            assertThat(code(ask(query(7, "deb.debian.org", 1)))).isZero();
            assertThat(other.questions).hasValue(1);
            other.mute = true;
            assertThat(code(ask(query(7, "deb.debian.org", 1)))).isEqualTo(DnsQuestion.SERVER_FAILURE);
            assertThat(forwarder.counts().failed()).isEqualTo(1);
        }
    }

    @Test
    void namesOfVmsAreAnsweredHereAndNeverHandedOn() throws IOException {
        byte[] v4 = ask(query(9, "Builder.web.godwit", 1));
        assertThat(code(v4)).isZero();
        assertThat(last(v4, 4)).isEqualTo(VM.getAddress());
        byte[] v6 = ask(query(9, "builder.web.godwit", 28));
        assertThat(last(v6, 16)).isEqualTo(VM6.getAddress());
        byte[] mail = ask(query(9, "builder.web.godwit", 15));
        assertThat(code(mail)).isZero();
        assertThat(records(mail)).isZero();
        for (String unknown : List.of("other.web.godwit", "godwit", "a.b.builder.web.godwit")) {
            assertThat(code(ask(query(9, unknown, 1)))).as(unknown).isEqualTo(DnsQuestion.NO_SUCH_NAME);
        }
        assertThat(resolver.questions).hasValue(0);
    }

    @Test
    void aQuestionOverTcpIsAskedOverTcp() throws IOException {
        try (Socket socket = new Socket(LOOPBACK, forwarder.port())) {
            for (int i = 0; i < 3; i++) {
                socket.getOutputStream().write(framed(query(11, "deb.debian.org", 1)));
                assertThat(last(readMessage(socket), 4)).containsExactly(1, 2, 3, 4);
            }
        }
        assertThat(resolver.questions).as("over UDP").hasValue(0);
    }

    @Test
    void garbageIsAnsweredWithAFormatErrorOrNotAtAllAndHarmsNothing() throws IOException {
        Random random = new Random(1);
        try (DatagramSocket socket = new DatagramSocket()) {
            for (int i = 0; i < 3000; i++) {
                byte[] garbage = new byte[random.nextInt(300)];
                random.nextBytes(garbage);
                if (i % 3 == 0 && garbage.length > 12) {
                    byte[] head = query(5, "a.b", 1);
                    System.arraycopy(head, 0, garbage, 0, Math.min(12, garbage.length));
                }
                socket.send(new DatagramPacket(garbage, garbage.length, LOOPBACK, forwarder.port()));
            }
        }
        await().until(() -> forwarder.counts().malformed() > 100);
        // What of it could be read takes the asker's places until it is answered or given up.
        assertThat(last(ask(query(7, "deb.debian.org", 1)), 4)).containsExactly(1, 2, 3, 4);
    }

    @Test
    void namesThatPointOrRunOverAreFormatErrors() throws IOException {
        byte[] pointer = query(5, "a.b", 1);
        pointer[12] = (byte) 0xc0;
        assertThat(code(ask(pointer))).isEqualTo(DnsQuestion.FORMAT_ERROR);
        byte[] cut = Arrays.copyOf(query(5, "deb.debian.org", 1), 20);
        assertThat(code(ask(cut))).isEqualTo(DnsQuestion.FORMAT_ERROR);
        byte[] two = query(5, "a.b", 1);
        two[5] = 2;
        assertThat(code(ask(two))).isEqualTo(DnsQuestion.FORMAT_ERROR);
    }

    @Test
    void anAnswerSentAsAQuestionIsNotAnswered() throws IOException {
        byte[] answer = query(5, "a.b", 1);
        answer[2] |= (byte) 0x80;
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.send(new DatagramPacket(answer, answer.length, LOOPBACK, forwarder.port()));
            await().until(() -> forwarder.counts().malformed() == 1);
            socket.setSoTimeout(50);
            assertThatThrownBy(() -> socket.receive(new DatagramPacket(new byte[512], 512)))
                    .isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void oneVmCannotTakeAllPlacesAndWhatIsTooMuchIsCounted() throws IOException {
        forwarder.close();
        resolver.mute = true;
        DnsLimits few = new DnsLimits(4, 2, 10, Duration.ofSeconds(20), Duration.ofSeconds(5), Duration.ofSeconds(30));
        forwarder = open(few, resolver.address());
        try (DatagramSocket socket = new DatagramSocket()) {
            byte[] query = query(5, "deb.debian.org", 1);
            for (int i = 0; i < 10; i++) {
                socket.send(new DatagramPacket(query, query.length, LOOPBACK, forwarder.port()));
            }
            await().until(() -> forwarder.counts().asked() == 10);
            assertThat(forwarder.counts().overLimit()).isEqualTo(8);
        }
    }

    @Test
    void whoSendsByteByByteOrNothingOverTcpIsClosedInTime() throws IOException {
        forwarder.close();
        DnsLimits quick =
                new DnsLimits(8, 8, 10, Duration.ofSeconds(2), Duration.ofMillis(300), Duration.ofMillis(900));
        forwarder = open(quick, resolver.address());
        try (Socket slow = new Socket(LOOPBACK, forwarder.port())) {
            slow.setSoTimeout(10_000);
            slow.getOutputStream().write(new byte[] {0, 40, 1});
            assertThat(slow.getInputStream().read()).as("closed").isNegative();
        }
        // One that always is in time with the next question, but never reads an answer.
        try (Socket deaf = new Socket(LOOPBACK, forwarder.port())) {
            deaf.setSoTimeout(10_000);
            byte[] question = framed(query(11, "deb.debian.org", 1));
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> assertThatThrownBy(() -> {
                                for (int i = 0; i < 1000; i++) {
                                    deaf.getOutputStream().write(question);
                                }
                            })
                            .isInstanceOf(IOException.class));
        }
    }

    @Test
    void tooManyConnectionsOfOneVmAreClosedAtOnce() throws IOException {
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 40; i++) {
                sockets.add(new Socket(LOOPBACK, forwarder.port()));
            }
            await().until(() -> forwarder.counts().overLimit() >= 40 - 12);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }
}

package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.vmm.Vmm;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QmpConnectionTest {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final Duration SHORT = Duration.ofMillis(100);

    @TempDir
    Path directory;

    private static QmpConnection open(FakeMonitor monitor) throws IOException {
        return QmpConnection.open(monitor.socket, "vm1", false, SOON);
    }

    @Test
    void aMonitorWhoseSocketIsThereBeforeItListensIsWaitedFor() throws Exception {
        Path socket = directory.resolve("m.sock");
        AtomicReference<FakeMonitor> listening = new AtomicReference<>();
        try (SocketChannel boundOnly = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            boundOnly.bind(UnixDomainSocketAddress.of(socket));
            try (QmpConnection qmp = QmpConnection.openWhenListening(socket, "vm1", false, SOON, () -> {
                Files.delete(socket);
                listening.set(FakeMonitor.playing(directory, FakeMonitor::negotiate));
            })) {
                assertThat(qmp.version().path("qemu").path("major").asInt()).isEqualTo(7);
            }
        } finally {
            FakeMonitor monitor = listening.get();
            if (monitor != null) {
                monitor.close();
            }
        }
    }

    @Test
    void aMonitorThatNeverListensIsGivenUpByWhoWaits() {
        assertThatThrownBy(
                        () -> QmpConnection.openWhenListening(directory.resolve("m.sock"), "vm1", false, SOON, () -> {
                            throw new IOException("QEMU ended before it opened its monitor");
                        }))
                .hasMessage("QEMU ended before it opened its monitor");
    }

    @Test
    void anAnswerReachesItsCommandWhateverTheOrder() throws Exception {
        try (FakeMonitor monitor = FakeMonitor.playing(directory, fake -> {
                    fake.negotiate();
                    String first = fake.hear();
                    String second = fake.hear();
                    fake.say("{\"return\":" + argument(second) + ",\"id\":" + id(second) + "}");
                    fake.say("{\"return\":" + argument(first) + ",\"id\":" + id(first) + "}");
                });
                QmpConnection qmp = open(monitor)) {
            CompletableFuture<String> one = ask(qmp, "1");
            CompletableFuture<String> two = ask(qmp, "2");
            assertThat(one.get(10, TimeUnit.SECONDS)).isEqualTo("1");
            assertThat(two.get(10, TimeUnit.SECONDS)).isEqualTo("2");
        }
    }

    private static CompletableFuture<String> ask(QmpConnection qmp, String argument) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return qmp.execute("x", QmpConnection.arguments().put("a", argument))
                        .asText();
            } catch (IOException failed) {
                throw new java.io.UncheckedIOException(failed);
            }
        });
    }

    private static String id(String command) {
        return command.replaceFirst(".*\"id\":([0-9]+).*", "$1");
    }

    private static String argument(String command) {
        return command.replaceFirst(".*\"a\":(\"[0-9]+\").*", "$1");
    }

    @Test
    void aRefusalCarriesQemusOwnWords() throws Exception {
        try (FakeMonitor monitor = FakeMonitor.playing(directory, fake -> {
                    fake.negotiate();
                    fake.hear();
                    fake.say("{\"error\":{\"class\":\"GenericError\",\"desc\":\"no such thing\"},\"id\":2}");
                });
                QmpConnection qmp = open(monitor)) {
            assertThatThrownBy(() -> qmp.execute("device_del"))
                    .isInstanceOf(QmpError.class)
                    .hasMessage("QEMU of VM vm1 refused device_del: no such thing (GenericError)");
        }
    }

    @Test
    void aCommandWithoutAnswerTimesOutAndTheNextOneStillWorks() throws Exception {
        try (FakeMonitor monitor = FakeMonitor.playing(directory, fake -> {
                    fake.negotiate();
                    fake.hear();
                    fake.hear();
                    fake.say("{\"return\":\"late\",\"id\":2}");
                    fake.say("{\"return\":\"in time\",\"id\":3}");
                });
                QmpConnection qmp = open(monitor)) {
            assertThatThrownBy(() -> qmp.execute("stop", QmpConnection.arguments(), SHORT))
                    .isInstanceOf(QmpTimeout.class)
                    .hasMessageContaining("did not answer stop within 100 ms");
            assertThat(qmp.execute("query-status").asText()).isEqualTo("in time");
        }
    }

    @Test
    void eventsArriveInOrderAndAListenerMayUseTheMonitor() throws Exception {
        try (FakeMonitor monitor = FakeMonitor.playing(directory, fake -> {
                    fake.negotiate();
                    fake.hear();
                    for (int i = 0; i < 100; i++) {
                        fake.say("{\"event\":\"E" + i + "\",\"data\":{\"n\":" + i + "}}");
                    }
                    fake.say("{\"return\":{},\"id\":2}");
                    fake.hear();
                    fake.say("{\"return\":\"from the listener\",\"id\":3}");
                });
                QmpConnection qmp = open(monitor)) {
            List<Vmm.Event> seen = new CopyOnWriteArrayList<>();
            CompletableFuture<String> answer = new CompletableFuture<>();
            qmp.onEvent(event -> {
                seen.add(event);
                if (event.name().equals("E99")) {
                    try {
                        answer.complete(qmp.execute("query-status").asText());
                    } catch (IOException failed) {
                        answer.completeExceptionally(failed);
                    }
                }
            });
            qmp.execute("go");
            assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("from the listener");
            assertThat(seen).hasSize(100);
            for (int i = 0; i < 100; i++) {
                assertThat(seen.get(i)).isEqualTo(new Vmm.Event("E" + i, "{\"n\":" + i + "}"));
            }
        }
    }

    @Test
    void garbageEndsTheConnectionWithAnErrorForWhoeverWaits() throws Exception {
        for (String garbage : List.of("}{ nonsense", "42", "{\"x\":1}", "", "[[[", "{\"return\":")) {
            try (FakeMonitor monitor =
                            FakeMonitor.playing(java.nio.file.Files.createTempDirectory(directory, "g"), fake -> {
                                fake.negotiate();
                                fake.hear();
                                fake.say(garbage);
                            });
                    QmpConnection qmp = open(monitor)) {
                assertThatThrownBy(() -> qmp.execute("query-status"))
                        .as("after '%s'", garbage)
                        .isInstanceOf(IOException.class)
                        .isNotInstanceOf(QmpTimeout.class)
                        .hasMessageContaining("no QMP message: " + garbage);
                assertThat(qmp.isOpen()).isFalse();
                assertThatThrownBy(() -> qmp.execute("query-status")).hasMessageContaining("no QMP message");
            }
        }
    }

    @Test
    void aMessageWithoutEndIsNotReadForEver() throws Exception {
        try (FakeMonitor monitor = FakeMonitor.playing(directory, fake -> {
                    fake.negotiate();
                    fake.hear();
                    fake.say("\"" + "x".repeat(QmpConnection.MESSAGE_BYTES_MAX + 1));
                });
                QmpConnection qmp = open(monitor)) {
            assertThatThrownBy(() -> qmp.execute("query-status")).hasMessageContaining("4194304 bytes");
        }
    }

    @Test
    void aListenerThatHangsEndsTheConnectionInsteadOfEatingMemory() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        try (FakeMonitor monitor = FakeMonitor.playing(directory, fake -> {
                    fake.negotiate();
                    fake.hear();
                    for (int i = 0; i < QmpConnection.EVENTS_MAX + 2; i++) {
                        fake.say("{\"event\":\"E\"}");
                    }
                });
                QmpConnection qmp = open(monitor)) {
            qmp.onEvent(event -> {
                try {
                    release.await(30, TimeUnit.SECONDS);
                } catch (InterruptedException closed) {
                    Thread.currentThread().interrupt();
                }
            });
            assertThatThrownBy(() -> qmp.execute("go")).hasMessageContaining("1024 events behind");
        } finally {
            release.countDown();
        }
    }

    @Test
    void aPeerThatIsNoMonitorIsRefused() throws Exception {
        try (FakeMonitor monitor = FakeMonitor.playing(directory, fake -> fake.say("220 mail.example ESMTP"))) {
            assertThatThrownBy(() -> open(monitor)).hasMessageContaining("no QMP message: 220 mail.example ESMTP");
        }
    }

    @Test
    void aMonitorThatNeverGreetsIsGivenUp() throws Exception {
        try (FakeMonitor monitor = FakeMonitor.playing(directory, fake -> {})) {
            assertThatThrownBy(() -> QmpConnection.open(monitor.socket, "vm1", false, SHORT))
                    .isInstanceOf(QmpTimeout.class);
        }
    }

    @Test
    void aMonitorThatClosesFailsWhoeverWaits() throws Exception {
        try (FakeMonitor monitor = FakeMonitor.playing(directory, fake -> {
                    fake.negotiate();
                    fake.hear();
                    throw new IOException("close");
                });
                QmpConnection qmp = open(monitor)) {
            assertThatThrownBy(() -> qmp.execute("quit")).hasMessageContaining("closed its monitor");
        }
    }

    @Test
    void noThreadIsLeftBehind() throws Exception {
        try (FakeMonitor monitor = FakeMonitor.playing(directory, FakeMonitor::negotiate)) {
            QmpConnection.open(monitor.socket, "leftover", false, SOON).close();
        }
        Awaitility.await()
                .atMost(SOON)
                .until(() -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().contains("leftover")));
    }
}

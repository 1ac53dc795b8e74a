package dev.godwit.cloud.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.godwit.cloud.Notice;
import dev.godwit.cloud.NoticeHealth;
import dev.godwit.cloud.NoticeKind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class Ec2NoticesTest {
    private static final Duration PERIOD = Duration.ofMillis(20);
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    private final Map<String, String> documents = new ConcurrentHashMap<>();
    private final Set<String> tokens = ConcurrentHashMap.newKeySet();
    private final AtomicInteger tokensGiven = new AtomicInteger();
    private final AtomicInteger actionPolls = new AtomicInteger();
    private final List<Notice> notices = new CopyOnWriteArrayList<>();
    private volatile Instant now = NOW;
    private HttpServer server;
    private Ec2Notices watched;

    @BeforeEach
    void startServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        watched = new Ec2Notices(metadata(), "host-a", PERIOD, InstantSource.system());
    }

    @AfterEach
    void stopServer() {
        watched.close();
        server.stop(0);
    }

    @Test
    void anInterruptionIsToldOnceWithTheFirstTimeThatWasSeen() {
        watched = new Ec2Notices(metadata(), "host-a", PERIOD, () -> now);
        watched.start(notices::add);
        documents.put(Ec2Notices.INSTANCE_ID, "i-0123");
        documents.put(Ec2Notices.INSTANCE_ACTION, action("2026-11-24T12:00:30Z"));
        await().until(() -> notices.size() == 1);
        documents.put(Ec2Notices.INSTANCE_ACTION, action("2026-11-24T12:05:00Z"));
        documents.put(Ec2Notices.REBALANCE, "{\"noticeTime\":\"2026-11-24T12:00:00Z\"}");
        await().until(() -> notices.size() == 2);

        assertThat(notices.getFirst())
                .isEqualTo(new Notice(
                        "aws",
                        NoticeKind.PREEMPT,
                        "host-a",
                        NOW,
                        Instant.parse("2026-11-24T12:00:30Z"),
                        "i-0123/PREEMPT",
                        action("2026-11-24T12:00:30Z")));
        assertThat(notices.getLast().kind()).isEqualTo(NoticeKind.REBALANCE);
        assertThat(notices.getLast().deadline()).isNull();
    }

    @Test
    void aDeadlineIsNeverLaterThanTheNominalWindow() {
        watched = new Ec2Notices(metadata(), "host-a", PERIOD, () -> now);
        documents.put(Ec2Notices.INSTANCE_ACTION, action("2026-11-24T13:00:00Z"));
        watched.start(notices::add);
        await().until(() -> notices.size() == 1);
        assertThat(notices.getFirst().deadline()).isEqualTo(NOW.plusSeconds(120));
    }

    @Test
    void aTokenThatTheServiceForgotIsRenewed() {
        watched.start(notices::add);
        await().until(() -> actionPolls.get() > 1);
        tokens.clear();
        documents.put(Ec2Notices.INSTANCE_ACTION, action("2026-11-24T12:00:30Z"));
        await().until(() -> notices.size() == 1);
        assertThat(tokensGiven).hasValue(2);
        assertThat(watched.health()).isEqualTo(NoticeHealth.SEEING);
    }

    @Test
    void aTokenIsRenewedBeforeItEnds() {
        watched = new Ec2Notices(metadata(), "host-a", PERIOD, InstantSource.system());
        watched.start(notices::add);
        await().until(() -> actionPolls.get() > 1);
        assertThat(tokensGiven).hasValue(1);
        now = NOW.plus(Duration.ofMinutes(55));
        await().until(() -> tokensGiven.get() == 2);
    }

    @Test
    void anAnswerThatIsNoJsonIsAFailureAndNotANotice() {
        documents.put(Ec2Notices.INSTANCE_ACTION, "<html>gateway</html>");
        watched.start(notices::add);
        await().until(() -> watched.health() == NoticeHealth.NOTICE_BLIND);
        assertThat(notices).isEmpty();
        documents.put(Ec2Notices.INSTANCE_ACTION, action("2026-11-24T12:00:30Z"));
        await().until(() -> notices.size() == 1);
        await().until(() -> watched.health() == NoticeHealth.SEEING);
    }

    @Test
    void aNoticeThatWasNotTakenIsToldAgainAsItWasFirstSeen() {
        watched = new Ec2Notices(metadata(), "host-a", PERIOD, () -> now);
        documents.put(Ec2Notices.INSTANCE_ACTION, action("2026-11-24T12:05:00Z"));
        watched.start(notice -> {
            notices.add(notice);
            now = now.plusSeconds(1);
            if (notices.size() < 3) {
                throw new IllegalStateException("not yet");
            }
        });
        await().until(() -> notices.size() == 3);
        assertThat(notices).containsOnly(notices.getFirst());
        assertThat(notices.getFirst().deadline()).isEqualTo(NOW.plusSeconds(120));
    }

    @Test
    void aNoticeWhoseTimeCantBeReadCountsFromNow() {
        watched = new Ec2Notices(metadata(), "host-a", PERIOD, () -> now);
        documents.put(Ec2Notices.INSTANCE_ACTION, "{\"action\":\"stop\",\"time\":\"soon\"}");
        watched.start(notices::add);
        await().until(() -> notices.size() == 1);
        assertThat(notices.getFirst().deadline()).isEqualTo(NOW.plusSeconds(120));
    }

    @Test
    void aServiceThatIsGoneMakesTheHostBlind() {
        server.stop(0);
        watched.start(notices::add);
        await().until(() -> watched.health() == NoticeHealth.NOTICE_BLIND);
        assertThat(notices).isEmpty();
    }

    @Test
    void aNoticeThatIsNeverTakenHoldsNoOtherUp() {
        documents.put(Ec2Notices.INSTANCE_ACTION, action("2026-11-24T12:00:30Z"));
        watched.start(notice -> {
            notices.add(notice);
            throw new IllegalStateException("the evacuation could not start");
        });
        await().until(() -> !notices.isEmpty());
        documents.put(Ec2Notices.REBALANCE, "{\"noticeTime\":\"2026-11-24T12:00:00Z\"}");
        await().until(() -> notices.stream().anyMatch(notice -> notice.kind() == NoticeKind.REBALANCE));
        assertThat(notices).extracting(Notice::id).containsOnly("host-a/PREEMPT", "host-a/REBALANCE");
    }

    private Ec2Metadata metadata() {
        URI endpoint = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
        return new Ec2Metadata(endpoint, Duration.ofHours(1), () -> now);
    }

    private static String action(String time) {
        return "{\"action\":\"terminate\",\"time\":\"" + time + "\"}";
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        int status = 200;
        String body = "";
        if (path.equals("/latest/api/token") && exchange.getRequestMethod().equals("PUT")) {
            body = "token-" + tokensGiven.incrementAndGet();
            tokens.add(body);
        } else {
            String token = exchange.getRequestHeaders().getFirst("X-aws-ec2-metadata-token");
            String document = documents.get(path);
            if (token == null || !tokens.contains(token)) {
                status = 401;
            } else if (document == null) {
                status = 404;
            } else {
                body = document;
            }
            if (path.equals(Ec2Notices.INSTANCE_ACTION)) {
                actionPolls.incrementAndGet();
            }
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}

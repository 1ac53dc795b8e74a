package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.godwit.cloud.Notice;
import dev.godwit.cloud.NoticeHealth;
import dev.godwit.cloud.NoticeKind;
import dev.godwit.cloud.aws.Ec2Metadata;
import dev.godwit.cloud.aws.Ec2Notices;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The product's poller against the lab's server. */
class MetadataServerTest {
    private final List<Notice> notices = new CopyOnWriteArrayList<>();
    private MetadataServer server;
    private Ec2Notices watched;

    @BeforeEach
    void start() {
        server = MetadataServer.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), "i-lab", InstantSource.system());
        watch(Ec2Metadata.TOKEN_LIFETIME);
    }

    @AfterEach
    void stop() {
        watched.close();
        server.close();
    }

    @Test
    void aNoticeReachesThePollerWithItsTime() {
        Instant time = server.interrupt(Duration.ofSeconds(30));
        await().until(() -> notices.size() == 1);
        assertThat(notices.getFirst().kind()).isEqualTo(NoticeKind.PREEMPT);
        assertThat(notices.getFirst().deadline()).isEqualTo(time);
        assertThat(notices.getFirst().id()).isEqualTo("i-lab/PREEMPT");
    }

    @Test
    void aSecondNoticeDoesNotMoveTheDeadline() {
        Instant first = server.interrupt(Duration.ofSeconds(30));
        await().until(() -> notices.size() == 1);
        server.interrupt(Duration.ofSeconds(90));
        server.rebalance();
        await().until(() -> notices.size() == 2);
        assertThat(notices.getFirst().deadline()).isEqualTo(first);
        assertThat(notices.getLast().kind()).isEqualTo(NoticeKind.REBALANCE);
    }

    @Test
    void aTokenOfOneSecondIsRenewedAgainAndAgain() {
        watched.close();
        watch(Duration.ofSeconds(1));
        long given = server.tokensGiven();
        await().until(() -> server.tokensGiven() >= given + 3);
        assertThat(watched.health()).isNotEqualTo(NoticeHealth.NOTICE_BLIND);
        server.interrupt(Duration.ofSeconds(30));
        await().until(() -> notices.size() == 1);
    }

    @Test
    void aTokenThatTheServerForgotIsRenewedOnce() {
        await().until(() -> server.requests() > 2);
        server.forgetTokens();
        await().until(() -> server.refusals() == 1);
        server.interrupt(Duration.ofSeconds(30));
        await().until(() -> notices.size() == 1);
        assertThat(server.refusals()).isEqualTo(1);
    }

    private void watch(Duration tokenLifetime) {
        Ec2Metadata metadata = new Ec2Metadata(server.endpoint(), tokenLifetime, InstantSource.system());
        watched = new Ec2Notices(metadata, "host-a", Duration.ofMillis(20), InstantSource.system());
        watched.start(notices::add);
    }
}

package dev.godwit.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SilenceTest {
    @TempDir
    Path directory;

    private GuestChannel impatient(Path socket) {
        return GuestChannel.open("7f3", socket, Duration.ofMillis(200), InstantSource.system(), new SecureRandom());
    }

    @Test
    void aVmWithoutASocketIsSilentAndTheMessageSaysWhere() throws Exception {
        Path socket = directory.resolve("none.sock");
        try (GuestChannel channel = impatient(socket)) {
            assertThatThrownBy(channel::ping)
                    .isInstanceOf(GuestSilent.class)
                    .hasMessageContaining("vm 7f3 did not answer PING for 200 ms")
                    .hasMessageContaining(socket.toString());
            assertThatThrownBy(() -> channel.awaitReady(Duration.ofMillis(50))).isInstanceOf(GuestSilent.class);
        }
    }

    @Test
    void aPausedVmThatTakesNoBytesBlocksNobody() throws Exception {
        Path socket = directory.resolve("paused.sock");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            try (GuestChannel channel = impatient(socket)) {
                for (int i = 0; i < 20; i++) {
                    assertThatThrownBy(channel::ping)
                            .isInstanceOf(GuestSilent.class)
                            .hasMessageContaining("guestd has not answered HELLO");
                }
            }
        }
    }

    @Test
    void aRequestMadeBeforeTheVmIsThereIsAnsweredWhenItComes() throws Exception {
        try (GuestChannel channel = GuestChannel.open("test", directory.resolve("guestd.sock"));
                GuestdProcess guestd = new GuestdProcess(directory)) {
            assertThat(channel.ping().roundTrip()).isPositive();
            assertThat(guestd.isAlive()).isTrue();
        }
    }

    @Test
    void underTestAResumeLeavesThisMachineAlone() throws Exception {
        try (GuestdProcess guestd = new GuestdProcess(directory);
                GuestChannel channel = guestd.channel()) {
            assertThat(channel.resume(new ResumeRequest("elsewhere", 3, Optional.empty())))
                    .isEqualTo(new Resumed(Duration.ZERO, Duration.ZERO));
        }
    }
}

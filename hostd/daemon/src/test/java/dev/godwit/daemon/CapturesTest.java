package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.godwit.net.CaptureLimit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CapturesTest {
    private final Captures captures = new Captures();
    private final CountDownLatch begun = new CountDownLatch(1);

    /** Writes one frame, then looks up as a quiet tap does. */
    private void quiet(OutputStream to, CaptureLimit limit) throws IOException {
        to.write(new byte[] {1, 2, 3});
        begun.countDown();
        CountDownLatch frame = new CountDownLatch(1);
        try {
            while (!frame.await(5, TimeUnit.MILLISECONDS)) {
                to.flush();
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private CompletableFuture<Void> start(String vmId, OutputStream to) {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                captures.run(vmId, this::quiet, CaptureLimit.USUAL, to);
                ended.complete(null);
            } catch (IOException | RuntimeException e) {
                ended.completeExceptionally(e);
            }
        });
        return ended;
    }

    @Test
    void aCaptureOfAVmThatLeavesEndsWholeAndOthersGoOn() throws Exception {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        CompletableFuture<Void> leaving = start("vm-1", file);
        CompletableFuture<Void> staying = start("vm-2", OutputStream.nullOutputStream());
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        await().atMost(Duration.ofSeconds(20)).until(() -> file.size() == 3);
        captures.end("vm-1");
        leaving.get(20, TimeUnit.SECONDS);
        assertThat(file.toByteArray()).containsExactly(1, 2, 3);
        assertThat(staying).isNotDone();
        captures.end("vm-2");
        staying.get(20, TimeUnit.SECONDS);
    }

    @Test
    void whatTheSourceSaysIsTold() {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> captures.run(
                        "vm-1",
                        (to, limit) -> {
                            throw new IOException("no such device");
                        },
                        CaptureLimit.USUAL,
                        OutputStream.nullOutputStream()))
                .withMessage("no such device");
    }

    @Test
    void moreAtOnceThanAHostBearsAreRefusedUntilOneEnds() throws Exception {
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < Captures.AT_ONCE_MAX; i++) {
            CountDownLatch runs = new CountDownLatch(1);
            all.add(start("vm-" + i, new OutputStream() {
                @Override
                public void write(int value) {
                    runs.countDown();
                }
            }));
            assertThat(runs.await(20, TimeUnit.SECONDS)).isTrue();
        }
        assertThatExceptionOfType(Refused.class)
                .isThrownBy(
                        () -> captures.run("vm-x", this::quiet, CaptureLimit.USUAL, OutputStream.nullOutputStream()))
                .withMessageContaining("16");
        captures.end("vm-0");
        all.getFirst().get(20, TimeUnit.SECONDS);
        captures.run("vm-x", (to, limit) -> to.write(1), CaptureLimit.USUAL, OutputStream.nullOutputStream());
        for (int i = 1; i < Captures.AT_ONCE_MAX; i++) {
            captures.end("vm-" + i);
            all.get(i).get(20, TimeUnit.SECONDS);
        }
    }
}

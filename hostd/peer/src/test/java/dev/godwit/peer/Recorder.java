package dev.godwit.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Receives a stream and keeps what it was given: numbers and a checksum for each frame. */
final class Recorder implements StreamReceiver {
    record Got(int type, int bytes, long crc) {}

    final List<Got> frames = Collections.synchronizedList(new ArrayList<>());
    final CountDownLatch over = new CountDownLatch(1);
    volatile boolean ended;
    volatile @Nullable String lost;
    volatile @Nullable CountDownLatch gate;

    static Got got(int type, byte[] payload) {
        CRC32C crc = new CRC32C();
        crc.update(payload);
        return new Got(type, payload.length, crc.getValue());
    }

    @Override
    public byte @Nullable [] onFrame(int type, ByteBuffer payload) throws IOException {
        CountDownLatch wait = gate;
        if (wait != null) {
            await(wait);
        }
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        frames.add(got(type, bytes));
        if (type == 99) {
            throw new IOException("this receiver can't apply frame " + frames.size());
        }
        return type == 42 ? bytes : null;
    }

    static void await(CountDownLatch latch) throws IOException {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new IOException("the test did not go on");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public void onEnd() {
        ended = true;
        over.countDown();
    }

    @Override
    public void onLost(String reason) {
        lost = reason;
        over.countDown();
    }
}

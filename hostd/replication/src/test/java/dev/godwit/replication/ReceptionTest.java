package dev.godwit.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.volume.VolumeKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReceptionTest {
    private static final int PAGES = 64;

    private final MemoryVolume ram = new MemoryVolume(VolumeKind.MEMORY, PAGES);
    private final MemoryVolume disk = new MemoryVolume(VolumeKind.DISK, PAGES);
    private final ByteArrayOutputStream state = new ByteArrayOutputStream();
    private final Reception reception = Pair.reception(state, ram, disk);

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    private static ByteBuffer volumes() {
        return ByteBuffer.allocateDirect(18)
                .put((byte) 0)
                .putLong(PAGES)
                .put((byte) 1)
                .putLong(PAGES)
                .flip();
    }

    private static ByteBuffer pages(
            int volume, boolean compressed, int contentBytes, int sent, PagesFrame.Run... runs) {
        ByteBuffer frame =
                ByteBuffer.allocateDirect(PagesFrame.HEADER_BYTES + runs.length * PagesFrame.RUN_BYTES + sent);
        new PagesFrame(volume, compressed, runs.length, contentBytes).put(frame);
        for (PagesFrame.Run run : runs) {
            run.put(frame);
        }
        return frame.position(frame.capacity()).flip();
    }

    private void refused(int type, ByteBuffer payload, String why) {
        assertThatThrownBy(() -> reception.onFrame(type, payload))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(why);
    }

    @Test
    void pagesBeforeTheVolumesAreRefused() {
        refused(FrameType.PAGES, pages(0, false, 4096, 4096, new PagesFrame.Run(0, 1, false)), "before the volumes");
    }

    @Test
    void whatDoesNotFitTheVolumesIsRefusedWithAReason() throws Exception {
        reception.onFrame(FrameType.VOLUMES, volumes());
        refused(FrameType.VOLUMES, volumes(), "agreed to them already");
        refused(FrameType.PAGES, pages(2, false, 4096, 4096, new PagesFrame.Run(0, 1, false)), "there are 2");
        refused(FrameType.PAGES, pages(0, false, 4096, 4096, new PagesFrame.Run(PAGES, 1, false)), "64+1");
        refused(FrameType.PAGES, pages(0, false, 4096, 4096, new PagesFrame.Run(PAGES - 1, 2, true)), "63+2");
        refused(FrameType.PAGES, pages(0, false, 4096, 4096, new PagesFrame.Run(-1, 1, false)), "-1+1");
        refused(FrameType.PAGES, pages(0, false, 4096, 4095, new PagesFrame.Run(0, 1, false)), "header says 4096");
        refused(FrameType.PAGES, pages(0, false, 8192, 8192, new PagesFrame.Run(0, 1, false)), "content 8192");
        refused(FrameType.PAGES, pages(0, false, 4096, 4096, new PagesFrame.Run(0, 2, false)), "more pages");
        refused(FrameType.PAGES, pages(0, true, 4096, 100, new PagesFrame.Run(0, 1, false)), "decompressed");
        refused(FrameType.PAGES, pages(0, false, 1 << 24, 0, new PagesFrame.Run(0, 1, false)), "16777216");
        refused(FrameType.SEAL, ByteBuffer.allocateDirect(7), "7 bytes");
        refused(77, ByteBuffer.allocateDirect(0), "77");
        assertThat(ram.difference(new MemoryVolume(VolumeKind.MEMORY, PAGES)))
                .as("nothing was written before the check")
                .isEqualTo(-1);
    }

    @Test
    void noGarbageGetsThroughAsAnythingButARefusal() throws Exception {
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            Reception victim = new Reception(List.of(ram, disk), OutputStream::nullOutputStream);
            try {
                if (random.nextInt(10) > 0) {
                    victim.onFrame(FrameType.VOLUMES, volumes());
                }
                for (int i = 0; i < 4; i++) {
                    victim.onFrame(1 + random.nextInt(7), noise(random));
                }
            } catch (IOException e) {
                assertThat(e.getMessage()).as("seed %d", seed).isNotBlank();
            }
            victim.onLost("the test is over");
        }
    }

    private static ByteBuffer noise(Random random) {
        byte[] bytes = new byte[random.nextInt(9000)];
        random.nextBytes(bytes);
        ByteBuffer frame = direct(bytes);
        if (bytes.length >= 36 && random.nextBoolean()) {
            int runs = 1 + random.nextInt(2);
            frame.putShort(0, (short) random.nextInt(3))
                    .put(2, (byte) random.nextInt(2))
                    .put(3, (byte) 0);
            frame.putInt(4, runs).putInt(8, 4096 * random.nextInt(3));
            frame.putLong(12, random.nextInt(70)).putInt(20, random.nextInt(4) | (random.nextBoolean() ? 1 << 31 : 0));
            frame.putLong(24, random.nextInt(70)).putInt(32, random.nextInt(4));
        }
        return frame;
    }

    @Test
    void deviceStateThatTheVmmDoesNotTakeEndsTheReception() throws Exception {
        Reception unlucky = new Reception(List.of(ram, disk), () -> {
            throw new IOException("the VMM of vm-7 does not listen");
        });
        unlucky.onFrame(FrameType.VOLUMES, volumes());
        assertThatThrownBy(() -> unlucky.onFrame(FrameType.STATE, direct(new byte[10])))
                .hasMessageContaining("vm-7 does not listen");
    }

    @Test
    void aStreamThatEndsBeforeTheSealIsALostReplication() throws Exception {
        reception.onFrame(FrameType.VOLUMES, volumes());
        reception.onEnd();
        assertThatThrownBy(() -> reception.sealed().get(1, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("before the seal");
    }

    @Test
    void stateComesOutWholeAndTheOutletIsClosedAtItsEnd() throws Exception {
        boolean[] closed = new boolean[1];
        Reception relay = new Reception(List.of(ram, disk), () -> new OutputStream() {
            @Override
            public void write(int b) {
                state.write(b);
            }

            @Override
            public void close() {
                closed[0] = true;
            }
        });
        relay.onFrame(FrameType.VOLUMES, volumes());
        relay.onFrame(FrameType.STATE, direct(new byte[] {1, 2}));
        relay.onFrame(FrameType.STATE, direct(new byte[] {3}));
        assertThat(closed[0]).isFalse();
        relay.onFrame(FrameType.STATE_END, direct(new byte[0]));
        assertThat(closed[0]).isTrue();
        assertThat(state.toByteArray()).containsExactly(1, 2, 3);
        assertThat(relay.report().stateBytes()).isEqualTo(3);
    }
}

package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.vmm.GuestMemory;
import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.Vmm.Status;
import dev.godwit.vmm.VmmSpec;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SinkPages;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** One hop and its parts in nanoseconds. */
final class Hop {
    private static final int RUN_PAGES = 64;

    long full;
    long stop;
    long last;
    long lastPages;
    long state;
    long load;
    long resume;
    long counterAtPause;
    /** What the source was when it was saved: a guest that waited for its disk waits at the target. */
    private Status standing = Status.PAUSED;

    long blackout() {
        return stop + last + state + load + resume;
    }

    /** The whole of it; the target runs at its end. */
    void run(Vmm source, Vmm target, VmmSpec from, VmmSpec to) throws Exception {
        untilLoaded(source, target, from, to);
        assertThat(differentPages(from.ramFile(), to.ramFile())).isEmpty();
        long at = System.nanoTime();
        target.resume();
        resume = System.nanoTime() - at;
    }

    /** All but the target's resume: source saved, target loaded. */
    void untilLoaded(Vmm source, Vmm target, VmmSpec from, VmmSpec to) throws Exception {
        GuestMemory memory = source.memory();
        SinkPages sink = memory.dirtySets().open("hop");
        long at = System.nanoTime();
        memory.scan();
        sink.mark(memory.content());
        copy(memory, sink, target.memory());
        full = System.nanoTime() - at;
        for (int round = 0; round < 3; round++) {
            memory.scan();
            copy(memory, sink, target.memory());
        }
        Path listening = source.guestSocket().resolveSibling("save.sock");
        Path incoming = target.guestSocket().resolveSibling("state.sock");
        target.acceptState(incoming);
        try (Relay relay = new Relay(listening, incoming)) {
            at = System.nanoTime();
            source.pause();
            standing = source.status();
            at += stop = System.nanoTime() - at;
            memory.scan();
            lastPages = copy(memory, sink, target.memory());
            at += last = System.nanoTime() - at;
            source.saveState(listening, TestHost.SOON);
            at += state = System.nanoTime() - at;
            target.awaitLoaded(TestHost.SOON);
            load = System.nanoTime() - at;
            assertThat(relay.bytes()).isGreaterThan(100_000);
        }
        memory.scan();
        assertThat(sink.dirtyCount()).as("pages written after the last scan").isZero();
        counterAtPause = CountingGuest.counter(memory);
        assertThat(target.status()).isEqualTo(source.status() == Status.SAVED ? standing : Status.FAILED);
        memory.dirtySets().close(sink);
    }

    private static long copy(GuestMemory from, SinkPages sink, GuestMemory to) throws IOException {
        PageSet pages = sink.take();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate((long) RUN_PAGES * Pages.PAGE_BYTES, Pages.PAGE_BYTES);
            for (long page = pages.next(0); page >= 0; ) {
                int run = pages.run(page, RUN_PAGES);
                from.read(page, run, buffer);
                to.write(page, run, buffer);
                sink.acknowledge(page, run);
                page = pages.next(page + run);
            }
        }
        return pages.count();
    }

    @Override
    public String toString() {
        return String.format(
                "full %.1f ms | stop %.1f, last %d pages %.1f, state %.1f, load %.1f, resume %.1f = %.1f ms",
                full / 1e6, stop / 1e6, lastPages, last / 1e6, state / 1e6, load / 1e6, resume / 1e6, blackout() / 1e6);
    }

    private static List<Long> differentPages(Path one, Path other) throws IOException {
        List<Long> different = new ArrayList<>();
        try (FileChannel a = FileChannel.open(one);
                FileChannel b = FileChannel.open(other)) {
            assertThat(a.size()).isEqualTo(b.size());
            ByteBuffer pageA = ByteBuffer.allocate(Pages.PAGE_BYTES);
            ByteBuffer pageB = ByteBuffer.allocate(Pages.PAGE_BYTES);
            for (long page = 0; page < a.size() / Pages.PAGE_BYTES; page++) {
                a.read(pageA.clear(), page * Pages.PAGE_BYTES);
                b.read(pageB.clear(), page * Pages.PAGE_BYTES);
                if (!pageA.flip().equals(pageB.flip())) {
                    different.add(page);
                }
            }
        }
        return different;
    }

    /** Takes the state from the source's QEMU and passes it on to the target's, as two hostds do. */
    private static final class Relay implements AutoCloseable {
        private final Path listening;
        private final ServerSocketChannel server;
        private final CompletableFuture<Long> bytes = new CompletableFuture<>();

        Relay(Path listening, Path incoming) throws IOException {
            this.listening = listening;
            this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(listening));
            SocketChannel target = SocketChannel.open(UnixDomainSocketAddress.of(incoming));
            Thread.ofPlatform().daemon().start(() -> {
                long sum = 0;
                ByteBuffer buffer = ByteBuffer.allocateDirect(256 << 10);
                try (target;
                        SocketChannel source = server.accept()) {
                    while (source.read(buffer.clear()) >= 0) {
                        sum += buffer.position();
                        buffer.flip();
                        while (buffer.hasRemaining()) {
                            target.write(buffer);
                        }
                    }
                    bytes.complete(sum);
                } catch (IOException failed) {
                    bytes.completeExceptionally(failed);
                }
            });
        }

        long bytes() throws Exception {
            return bytes.get(20, TimeUnit.SECONDS);
        }

        @Override
        public void close() throws IOException {
            server.close();
            Files.deleteIfExists(listening);
        }
    }
}

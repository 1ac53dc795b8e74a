package dev.godwit.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A client's socket. One thread reads, by way of a buffer that holds whatever the kernel had; any thread sends.
 *
 * <p>Blocking I/O on platform threads; never interrupt them: the JDK would close the channel.
 */
final class ClientStream implements AutoCloseable {
    /** Measured as large enough to batch 4 KiB requests at queue depth 64. */
    static final int INPUT_BYTES = 256 << 10;

    private final SocketChannel channel;
    private final Arena arena;
    private final MemorySegment inputMemory;
    private final ByteBuffer input;
    private final ReentrantLock sending = new ReentrantLock();

    ClientStream(SocketChannel channel, Arena arena) {
        this.channel = channel;
        this.arena = arena;
        this.inputMemory = arena.allocate(INPUT_BYTES, 4096);
        this.input = inputMemory.asByteBuffer().limit(0);
    }

    /** What was read and not yet consumed: from position to limit. */
    ByteBuffer input() {
        return input;
    }

    /** The next {@code length} bytes of the input as memory. */
    MemorySegment inputMemory(int length) {
        return inputMemory.asSlice(input.position(), length);
    }

    /** Memory that lives as long as the stream. */
    MemorySegment allocate(long bytes) {
        return arena.allocate(bytes, 4096);
    }

    /** Reads once; false at the end of the stream. */
    boolean fill() throws IOException {
        input.compact();
        int read = channel.read(input);
        input.flip();
        return read >= 0;
    }

    /** Reads until the input has {@code bytes} bytes. */
    void need(int bytes) throws IOException {
        while (input.remaining() < bytes) {
            if (!fill()) {
                throw new EOFException(
                        input.hasRemaining() ? "the client left in the middle of a message" : "the client left");
            }
        }
    }

    /** Fills {@code memory}: from the input first, then straight from the socket. */
    void read(MemorySegment memory) throws IOException {
        int buffered = (int) Math.min(input.remaining(), memory.byteSize());
        MemorySegment.copy(inputMemory, input.position(), memory, 0, buffered);
        input.position(input.position() + buffered);
        ByteBuffer rest = memory.asByteBuffer().position(buffered);
        while (rest.hasRemaining()) {
            if (channel.read(rest) < 0) {
                throw new EOFException("the client left in the middle of a write");
            }
        }
    }

    /** Sends all of {@code bytes}, whole among other threads' sends. */
    void send(ByteBuffer bytes) throws IOException {
        sending.lock();
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } finally {
            sending.unlock();
        }
    }

    /** Ends the reading side: the reader finds the end of the stream. */
    void shutdownInput() throws IOException {
        channel.shutdownInput();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** Gives the memory back, when no thread uses it any more. */
    void release() {
        arena.close();
    }
}

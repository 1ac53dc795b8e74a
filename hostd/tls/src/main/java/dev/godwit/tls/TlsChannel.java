package dev.godwit.tls;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;

/**
 * A TLS channel over a blocking channel. After {@link #handshake} one thread reads and any thread writes; any thread closes.
 * Closing says nothing to the other end: what must be known to have ended is for the protocol above, {@link #end} says it.
 */
public final class TlsChannel implements ByteChannel {
    private final ByteChannel below;
    private final SSLEngine engine;
    private final ReentrantLock writing = new ReentrantLock();
    private ByteBuffer encrypted;
    private ByteBuffer sending;
    private ByteBuffer decrypted;

    /**
     * Does nothing yet.
     *
     * @param below blocking; closed with this
     * @param engine knows its end of the connection
     * @param bufferBytes how much is read and written at once, at least: each end takes so much twice
     */
    public TlsChannel(ByteChannel below, SSLEngine engine, int bufferBytes) {
        this.below = below;
        this.engine = engine;
        SSLSession session = engine.getSession();
        int packet = session.getPacketBufferSize();
        this.encrypted =
                ByteBuffer.allocateDirect(Math.max(packet, bufferBytes)).limit(0);
        this.sending = ByteBuffer.allocateDirect(Math.max(packet, bufferBytes));
        this.decrypted = ByteBuffer.allocate(session.getApplicationBufferSize()).limit(0);
    }

    /**
     * Agrees on keys, and whom one speaks to: the context's trust has said yes when this returns.
     *
     * @return the session
     * @throws SSLException the ends do not agree; the other one has been told
     */
    public SSLSession handshake() throws IOException {
        writing.lock();
        try {
            engine.beginHandshake();
            HandshakeStatus status = engine.getHandshakeStatus();
            while (status != HandshakeStatus.NOT_HANDSHAKING && status != HandshakeStatus.FINISHED) {
                switch (status) {
                    case NEED_TASK -> status = runTasks();
                    case NEED_WRAP -> status = wrap(ByteBuffer.allocate(0)).getHandshakeStatus();
                    default -> status = unwrapHandshake();
                }
            }
            return engine.getSession();
        } catch (SSLException e) {
            tellFailure();
            throw e;
        } finally {
            writing.unlock();
        }
    }

    /** The alert that says why; the other end may be gone already. */
    private void tellFailure() {
        try {
            for (int i = 0; i < 4 && engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP; i++) {
                wrap(ByteBuffer.allocate(0));
            }
        } catch (IOException e) {
            engine.closeOutbound();
        }
    }

    private HandshakeStatus unwrapHandshake() throws IOException {
        decrypted.compact();
        SSLEngineResult result = engine.unwrap(encrypted, decrypted);
        decrypted.flip();
        switch (result.getStatus()) {
            case BUFFER_UNDERFLOW -> {
                if (!fill()) {
                    throw new EOFException("the other end closed the connection in the middle of the handshake");
                }
            }
            case CLOSED -> throw new SSLException("the other end ended the handshake");
            case BUFFER_OVERFLOW -> throw new SSLException("too much was sent before the handshake was over");
            case OK -> {}
        }
        return result.getStatus() == Status.BUFFER_UNDERFLOW
                ? engine.getHandshakeStatus()
                : result.getHandshakeStatus();
    }

    private HandshakeStatus runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
        return engine.getHandshakeStatus();
    }

    /** More bytes from the other end; false at their end. */
    private boolean fill() throws IOException {
        encrypted.compact();
        try {
            return below.read(encrypted) >= 0;
        } finally {
            encrypted.flip();
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        if (!into.hasRemaining()) {
            return 0;
        }
        while (!decrypted.hasRemaining()) {
            boolean direct = into.remaining() >= decrypted.capacity();
            ByteBuffer target = direct ? into : decrypted.clear();
            int before = target.position();
            SSLEngineResult result;
            try {
                result = engine.unwrap(encrypted, target);
            } finally {
                if (!direct) {
                    decrypted.flip();
                }
            }
            if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                runTasks();
            }
            if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                answer();
            }
            switch (result.getStatus()) {
                case CLOSED -> {
                    return -1;
                }
                case BUFFER_UNDERFLOW -> {
                    if (!fill()) {
                        return -1;
                    }
                }
                case BUFFER_OVERFLOW -> enlarge();
                case OK -> {}
            }
            if (direct && into.position() > before) {
                return readMore(into, before);
            }
        }
        int count = Math.min(into.remaining(), decrypted.remaining());
        into.put(into.position(), decrypted, decrypted.position(), count);
        into.position(into.position() + count);
        decrypted.position(decrypted.position() + count);
        return count;
    }

    /** Whole records that are here already, without waiting for others. */
    private int readMore(ByteBuffer into, int before) throws SSLException {
        while (into.remaining() >= decrypted.capacity() && encrypted.hasRemaining()) {
            SSLEngineResult result = engine.unwrap(encrypted, into);
            if (result.getStatus() != Status.OK || result.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING) {
                break;
            }
        }
        return into.position() - before;
    }

    private void enlarge() throws SSLException {
        int needed = engine.getSession().getApplicationBufferSize();
        if (decrypted.capacity() >= needed) {
            throw new SSLException("a record is larger than " + needed + " bytes");
        }
        decrypted = ByteBuffer.allocate(needed).limit(0);
    }

    /** A change of keys asks for an answer. */
    private void answer() throws IOException {
        writing.lock();
        try {
            while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && !engine.isOutboundDone()) {
                wrap(ByteBuffer.allocate(0));
            }
        } finally {
            writing.unlock();
        }
    }

    /** Writes all of it. */
    @Override
    public int write(ByteBuffer from) throws IOException {
        int bytes = from.remaining();
        writing.lock();
        try {
            while (from.hasRemaining()) {
                sending.clear();
                int packet = engine.getSession().getPacketBufferSize();
                while (from.hasRemaining() && sending.remaining() >= packet) {
                    SSLEngineResult result = engine.wrap(from, sending);
                    if (result.getStatus() == Status.CLOSED) {
                        throw new ClosedChannelException();
                    }
                    if (result.getStatus() != Status.OK) {
                        break;
                    }
                }
                send();
            }
            return bytes;
        } finally {
            writing.unlock();
        }
    }

    private SSLEngineResult wrap(ByteBuffer from) throws IOException {
        sending.clear();
        SSLEngineResult result = engine.wrap(from, sending);
        send();
        return result;
    }

    private void send() throws IOException {
        sending.flip();
        while (sending.hasRemaining()) {
            below.write(sending);
        }
    }

    /** Says that nothing more comes from this end. */
    public void end() throws IOException {
        writing.lock();
        try {
            engine.closeOutbound();
            for (int i = 0; i < 4 && !engine.isOutboundDone(); i++) {
                wrap(ByteBuffer.allocate(0));
            }
        } finally {
            writing.unlock();
        }
    }

    /** Reads and writes so much at once from now on, at least. Called by the reading thread. */
    public void widen(int bufferBytes) {
        if (encrypted.capacity() < bufferBytes) {
            encrypted = ByteBuffer.allocateDirect(bufferBytes).put(encrypted).flip();
        }
        writing.lock();
        try {
            if (sending.capacity() < bufferBytes) {
                sending = ByteBuffer.allocateDirect(bufferBytes);
            }
        } finally {
            writing.unlock();
        }
    }

    public SSLSession session() {
        return engine.getSession();
    }

    @Override
    public boolean isOpen() {
        return below.isOpen();
    }

    @Override
    public void close() throws IOException {
        below.close();
    }
}

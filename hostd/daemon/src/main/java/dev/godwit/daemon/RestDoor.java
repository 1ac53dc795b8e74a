package dev.godwit.daemon;

import dev.godwit.tls.Anteroom;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Identity;
import dev.godwit.tls.TlsChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * REST's TCP port. It ends TLS itself, so that strangers meet bounds of their own and cost the web server nothing; who has
 * shown a certificate is led to the web server's inner socket, with a header that says who it is. A certificate that is
 * revoked or expires ends its connections, streams too. Thread-safe.
 */
final class RestDoor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RestDoor.class);

    /** Strangers at once: each costs a virtual thread, a descriptor and 70 KiB. */
    private static final int STRANGERS_MAX = 192;
    /** Of one address: many clients behind one NAT begin at once after its restart. */
    private static final int STRANGERS_PER_SOURCE_MAX = 96;
    /** A handshake takes two round trips and some ms of CPU on each side. */
    private static final Duration HANDSHAKE_MAX = Duration.ofSeconds(5);

    private static final Duration SWEEP_EVERY = Duration.ofMillis(500);
    /** After a failed accept (no descriptors left): long enough not to spin, short enough not to be noticed. */
    private static final Duration ACCEPT_RETRY = Duration.ofMillis(100);

    private static final int BACKLOG = 512;
    private static final int BUFFER_BYTES = 16 * 1024;

    private final ServerSocketChannel listening;
    private final InetSocketAddress address;
    private final Path inside;
    private final HostTls tls;
    private final FleetTrust trust;
    private final Guests guests;
    private final Anteroom strangers = new Anteroom(STRANGERS_MAX, STRANGERS_PER_SOURCE_MAX, HANDSHAKE_MAX);
    private final Refusals refusals = new Refusals(LOG);
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closing = new CountDownLatch(1);

    private RestDoor(ServerSocketChannel listening, Path inside, HostTls tls, Guests guests) throws IOException {
        this.listening = listening;
        this.address = (InetSocketAddress) listening.getLocalAddress();
        this.inside = inside;
        this.tls = tls;
        this.trust = tls.trustForRest();
        this.guests = guests;
    }

    /**
     * Listens.
     *
     * @param inside the web server's socket
     */
    static RestDoor open(InetSocketAddress address, Path inside, HostTls tls, Guests guests) throws IOException {
        ServerSocketChannel listening = ServerSocketChannel.open();
        try {
            listening.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            listening.bind(address, BACKLOG);
            RestDoor door = new RestDoor(listening, inside, tls, guests);
            Thread.ofPlatform().name("rest-accept").daemon().start(door::accept);
            Thread.ofPlatform().name("rest-sweep").daemon().start(door::sweep);
            return door;
        } catch (IOException | RuntimeException e) {
            listening.close();
            throw new IOException(
                    "Could not listen on " + address + ": " + e.getMessage()
                            + ". Is another hostd running, or the address another machine's?",
                    e);
        }
    }

    int port() {
        return address.getPort();
    }

    private void accept() {
        while (closing.getCount() > 0) {
            try {
                SocketChannel channel = listening.accept();
                open.add(channel);
                InetSocketAddress from = (InetSocketAddress) channel.socket().getRemoteSocketAddress();
                InetAddress source = from == null ? address.getAddress() : from.getAddress();
                Anteroom.Visit visit = strangers.enter(source, () -> close(channel));
                Thread.ofVirtual().name("rest-" + from).start(() -> serve(channel, visit, from));
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException | OutOfMemoryError e) {
                LOG.warn("accepting on {} failed, trying again: {}", address, e.toString());
                if (wait(ACCEPT_RETRY)) {
                    return;
                }
            }
        }
    }

    private void sweep() {
        while (!wait(SWEEP_EVERY)) {
            strangers.sweep();
            int closed = guests.closeNoLongerGood(trust);
            if (closed > 0) {
                LOG.info("{} connections of REST ended with their certificates", closed);
            }
        }
    }

    /** True when the door closes. */
    private boolean wait(Duration time) {
        try {
            return closing.await(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private void serve(SocketChannel channel, Anteroom.Visit visit, InetSocketAddress from) {
        try (TlsChannel secure = new TlsChannel(channel, FleetTls.server(tls.serverContext()), BUFFER_BYTES)) {
            SSLSession session = secure.handshake();
            Identity identity = trust.identity(session);
            if (!visit.leave()) {
                return;
            }
            X509Certificate certificate = (X509Certificate) session.getPeerCertificates()[0];
            Optional<Guests.Guest> guest = guests.admit(identity, certificate, () -> close(channel));
            if (guest.isEmpty()) {
                refusals.note(
                        from, identity.subject() + " has no place left: " + guests.count() + " connections are open");
                turnAway(secure, identity);
                return;
            }
            try {
                lead(secure, from, guest.get());
            } finally {
                guests.leave(guest.get());
            }
        } catch (CertificateException e) {
            refusals.note(from, e.getMessage());
        } catch (IOException e) {
            if (visit.leave()) {
                refusals.note(from, Refusals.reason(e));
            }
        } catch (RuntimeException e) {
            LOG.error("a connection of {} broke", from, e);
        } finally {
            visit.leave();
            close(channel);
            open.remove(channel);
        }
    }

    private static void turnAway(TlsChannel secure, Identity identity) throws IOException {
        byte[] body = Json.bytes(new Unavailable("Too many connections are open for " + identity.subject()
                        + " (at most " + Guests.PER_NAME + " a name, " + Guests.PLACES
                        + " in all); close some, or ask another host.")
                .problem());
        String head =
                "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
                        + "Content-Length: " + body.length + "\r\n\r\n";
        secure.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
        secure.write(ByteBuffer.wrap(body));
        secure.end();
    }

    private void lead(TlsChannel secure, InetSocketAddress from, Guests.Guest guest) throws IOException {
        try (SocketChannel web = SocketChannel.open(UnixDomainSocketAddress.of(inside))) {
            writeAll(web, ProxyHeader.of(from, address, guest.id()));
            Thread answers = Thread.ofVirtual().name("rest-answers-" + from).start(() -> {
                try {
                    pump(web, secure);
                    secure.end();
                } catch (IOException e) {
                    LOG.debug("{} has gone: {}", from, e.getMessage());
                } finally {
                    guest.close().run();
                }
            });
            try {
                pump(secure, web);
                web.shutdownOutput();
                answers.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        } catch (ClosedChannelException e) {
            LOG.debug("{} has gone", from);
        } catch (IOException e) {
            LOG.debug("{} is lost: {}", from, e.getMessage());
        }
    }

    private static void pump(ByteChannel from, ByteChannel to) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        while (from.read(buffer.clear()) >= 0) {
            writeAll(to, buffer.flip());
        }
    }

    private static void writeAll(ByteChannel to, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing a connection failed: {}", e.getMessage());
        }
    }

    @Override
    public void close() throws IOException {
        closing.countDown();
        listening.close();
        open.forEach(RestDoor::close);
    }
}

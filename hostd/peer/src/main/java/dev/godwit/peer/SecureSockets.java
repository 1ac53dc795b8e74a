package dev.godwit.peer;

import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sockets under TLS 1.3 with certificates of hosts at both ends. The engine is BoringSSL where it loads, which carries two to
 * three times the bytes a CPU-second that the JDK's does, and needs no warming before the first move.
 */
final class SecureSockets implements PeerSockets {
    private static final Logger LOG = LoggerFactory.getLogger(SecureSockets.class);

    private final PlainSockets sockets = new PlainSockets();
    private final Supplier<Credentials> own;
    private final FleetTrust trust;
    private final FleetTrust expected;
    private final SslContext server;
    private final SslContext client;

    SecureSockets(Supplier<Credentials> own, FleetTrust trust) {
        this(own, trust, trust);
    }

    private SecureSockets(Supplier<Credentials> own, FleetTrust trust, FleetTrust expected) {
        this.own = own;
        this.trust = trust;
        this.expected = expected;
        SslProvider provider = OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
        if (provider == SslProvider.JDK) {
            LOG.warn(
                    "BoringSSL does not load here ({}), so the peer wire takes two to three times the CPU",
                    String.valueOf(OpenSsl.unavailabilityCause()));
        }
        try {
            this.server = SslContextBuilder.forServer(FleetTls.keyManager(own))
                    .sslProvider(provider)
                    .trustManager(trust)
                    .clientAuth(ClientAuth.REQUIRE)
                    .protocols(FleetTls.PROTOCOL)
                    .build();
            this.client = SslContextBuilder.forClient()
                    .sslProvider(provider)
                    .keyManager(FleetTls.keyManager(own))
                    .trustManager(expected)
                    .protocols(FleetTls.PROTOCOL)
                    .endpointIdentificationAlgorithm(null)
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException("this machine does not speak " + FleetTls.PROTOCOL, e);
        }
    }

    @Override
    public PeerSockets expecting(String host) {
        return new SecureSockets(own, trust, trust.expecting(host));
    }

    @Override
    public PeerChannel connect(SocketAddress peer, Duration timeout) throws IOException {
        SocketChannel socket = sockets.connectTo(peer, timeout);
        return new SecureChannel(socket, client.newEngine(UnpooledByteBufAllocator.DEFAULT), expected);
    }

    @Override
    public ServerSocketChannel listen(SocketAddress address) throws IOException {
        return sockets.listen(address);
    }

    @Override
    public PeerChannel accepted(SocketChannel socket) throws IOException {
        sockets.tune(socket);
        return new SecureChannel(socket, server.newEngine(UnpooledByteBufAllocator.DEFAULT), trust);
    }
}

package dev.godwit.fleet.etcd;

import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

/**
 * How a host shows itself to etcd, and what it takes for one. By the JDK's TLS: the calls are small, and it asks for the own
 * certificate at each handshake, so that a renewed one is shown after the next reconnect.
 *
 * @param own the host's certificate of that moment
 * @param trust which servers are taken
 */
public record EtcdTls(Supplier<Credentials> own, FleetTrust trust) {
    SslContext context() {
        try {
            return GrpcSslContexts.configure(SslContextBuilder.forClient(), SslProvider.JDK)
                    .keyManager(FleetTls.keyManager(own))
                    .trustManager(trust)
                    .protocols(FleetTls.PROTOCOL)
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException("this JDK does not speak " + FleetTls.PROTOCOL + " to etcd", e);
        }
    }
}

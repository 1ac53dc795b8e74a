package dev.godwit.daemon;

import dev.godwit.api.CertificateIssued;
import dev.godwit.api.RequestCertificate;
import dev.godwit.fleet.HostRecord;
import dev.godwit.pki.CertificateRequest;
import dev.godwit.pki.KeyPairs;
import dev.godwit.tls.Authorities;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.LiveCredentials;
import dev.godwit.tls.Pem;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsFiles;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews this host's certificate when half of its life is over: with a new key, from the authority's key here, or from a host
 * that holds it, shown the old certificate. A renewal that fails is tried again; there is half a life for it. For one thread.
 */
final class Renewal {
    private static final Logger LOG = LoggerFactory.getLogger(Renewal.class);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration AGAIN_AFTER = Duration.ofMinutes(1);
    private static final int ANSWER_BYTES_MAX = 64 * 1024;

    private final HostdConfig config;
    private final HostTls tls;
    private final HostPki pki;
    private final InstantSource clock;
    private final HttpClient http;
    private Instant notBefore = Instant.EPOCH;

    Renewal(HostdConfig config, HostTls tls, HostPki pki, InstantSource clock) {
        this.config = config;
        this.tls = tls;
        this.pki = pki;
        this.clock = clock;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT_TIMEOUT)
                .sslContext(tls.toHosts())
                .build();
    }

    /** Renews if it is time; a failure is logged. */
    void runIfDue() {
        LiveCredentials live = tls.credentials();
        Instant now = clock.instant();
        if (now.isBefore(live.get().renewFrom())
                || now.isBefore(notBefore)
                || now.isAfter(live.get().until())) {
            return;
        }
        notBefore = now.plus(AGAIN_AFTER);
        try {
            KeyPair pair = KeyPairs.generate();
            CertificateIssued issued = issue(CertificateRequest.of(pair));
            Credentials renewed = Credentials.of(
                    pair.getPrivate(),
                    Pem.certificates(issued.certificate()),
                    Authorities.of(Pem.certificates(issued.authority())));
            if (!renewed.identity().equals(live.get().identity())) {
                throw new IOException("the certificate that came is of " + renewed.identity());
            }
            TlsFiles files = live.files();
            renewed.store(files);
            live.refresh();
            LOG.info("the certificate is renewed, valid until {}", renewed.until());
        } catch (IOException | RuntimeException e) {
            LOG.warn(
                    "the certificate is valid until {} and could not be renewed yet: {}",
                    live.get().until(),
                    e.getMessage());
        }
    }

    private CertificateIssued issue(String request) throws IOException {
        RequestCertificate wanted = new RequestCertificate(request, List.of());
        if (HostPki.keyDirectory(config) != null) {
            return pki.certify(
                    new Caller(
                            Role.HOST,
                            config.hostId(),
                            tls.credentials().get().chain().getFirst()),
                    wanted);
        }
        List<String> failures = new ArrayList<>();
        for (HostRecord issuer : pki.issuers()) {
            try {
                return ask(issuer, wanted);
            } catch (IOException | BadRequest e) {
                failures.add(issuer.hostId() + ": " + e.getMessage());
            }
        }
        throw new IOException(
                failures.isEmpty()
                        ? "no living host holds the key of the authority for hosts"
                        : String.join("; ", failures));
    }

    private CertificateIssued ask(HostRecord issuer, RequestCertificate wanted) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("https://" + issuer.restAddress() + "/v1/pki/certificates"))
                .timeout(ANSWER_TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(Json.bytes(wanted)))
                .build();
        try {
            HttpResponse<byte[]> answer = http.send(
                    request,
                    HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), ANSWER_BYTES_MAX));
            if (answer.statusCode() != 201) {
                throw new IOException("it answered " + answer.statusCode() + ": "
                        + new String(answer.body(), java.nio.charset.StandardCharsets.UTF_8));
            }
            return Json.read(answer.body(), CertificateIssued.class);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("hostd stops", e);
        }
    }
}

package dev.godwit.jenkins.broker;

import dev.godwit.api.Capabilities;
import dev.godwit.api.Feature;
import dev.godwit.api.Host;
import dev.godwit.api.HostRole;
import dev.godwit.api.ProblemCode;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.RequestFailed;
import dev.godwit.client.Timeouts;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The hostds of a cloud as they are reached now, and whether they are. Thread-safe. */
final class Fleet implements AutoCloseable {
    /** What the broker can't work without. */
    private static final List<Feature> NEEDED = List.of(Feature.CREATE_OR_ATTACH, Feature.LABELS, Feature.LEASE);

    private static final String API = "v1";
    /** Each endpoint is asked once: the broker tries again by itself, when it knows what has changed meanwhile. */
    private static final Duration RETRY = Duration.ZERO;

    private volatile GodwitClient client;
    private final CloudLog log;
    private final InstantSource clock;
    private @Nullable Instant silentSince;
    private @Nullable Capabilities capabilities;
    private @Nullable String unfit;

    /** @throws IllegalArgumentException the endpoints need a certificate and there is none */
    Fleet(BrokerSettings settings, CloudLog log, InstantSource clock) {
        this.client = new GodwitClient(settings.endpoints(), Timeouts.usual().withRetry(RETRY), settings.tls());
        this.log = log;
        this.clock = clock;
    }

    private static GodwitClient connect(BrokerSettings settings) {
        return new GodwitClient(settings.endpoints(), Timeouts.usual().withRetry(RETRY), settings.tls());
    }

    /** Uses other endpoints from now on; streams go on at the old ones until they break. */
    void reconnect(BrokerSettings settings) {
        GodwitClient before = client;
        client = connect(settings);
        before.close();
    }

    GodwitClient client() {
        return client;
    }

    /** A request had an answer, if only a refusal. Says so when there was none before. */
    synchronized void answered() {
        Instant since = silentSince;
        silentSince = null;
        if (since != null) {
            log.say(
                    null,
                    "hostd answers again, after "
                            + Duration.between(since, clock.instant()).toSeconds() + " s.");
        }
    }

    /** A request had no answer; the cause is said once. */
    synchronized void silent(IOException cause) {
        if (silentSince == null) {
            silentSince = clock.instant();
            log.say(null, "No hostd of the cloud can be used: " + sentence(cause));
        }
    }

    /** A failure is an answer where hostd gave it. */
    void failed(IOException failure) {
        if (failure instanceof RequestFailed) {
            answered();
        } else {
            silent(failure);
        }
    }

    synchronized boolean isSilent() {
        return silentSince != null;
    }

    /** Asks what the fleet offers. */
    void learn() throws IOException {
        Capabilities now = client.capabilities();
        String why = whyUnfit(now);
        synchronized (this) {
            capabilities = now;
            unfit = why;
        }
        if (why != null) {
            log.say(null, why);
        }
    }

    /** Whether VMs can be made: it was asked, it answered, and it offers what is needed. */
    synchronized boolean usable() {
        return silentSince == null && capabilities != null && unfit == null;
    }

    /** Why an agent template can't be used with this fleet; null when it can, or nothing is known yet. */
    synchronized @Nullable String whyNot(AgentTemplate template) {
        Capabilities known = capabilities;
        return known == null || template.project() == null
                ? null
                : OptionalField.NETWORK.whyNot(known).orElse(null);
    }

    private static @Nullable String whyUnfit(Capabilities capabilities) {
        if (!capabilities.api().contains(API)) {
            return "hostd " + capabilities.version() + " speaks " + String.join(", ", capabilities.api())
                    + " and this plugin " + API + ": use versions of hostd and the plugin that belong together.";
        }
        for (Feature feature : NEEDED) {
            if (!capabilities.features().contains(feature)) {
                return "hostd " + capabilities.version() + " lacks " + feature
                        + ", which the plugin needs: use a newer hostd.";
            }
        }
        return null;
    }

    /** Asks for all that <em>Test connection</em> shows. */
    ConnectionReport report() {
        Capabilities offered = null;
        try {
            offered = client.capabilities();
            Map<OptionalField, String> hidden = new EnumMap<>(OptionalField.class);
            for (OptionalField field : OptionalField.values()) {
                Capabilities of = offered;
                field.whyNot(of).ifPresent(why -> hidden.put(field, why));
            }
            String why = whyUnfit(offered);
            if (why != null) {
                return new ConnectionReport(List.of(), offered, why, hidden);
            }
            List<Host> hosts = client.hosts().stream()
                    .filter(host -> host.role() == HostRole.HOST)
                    .toList();
            return new ConnectionReport(
                    hosts, offered, hosts.isEmpty() ? "The fleet has no host that runs VMs." : null, hidden);
        } catch (IOException e) {
            return new ConnectionReport(List.of(), offered, sentence(e), Map.of());
        }
    }

    /** Whether it says that there is no such VM. */
    static boolean isGone(RequestFailed failed) {
        return failed.code() == ProblemCode.NOT_FOUND;
    }

    /** A failure as people read it. */
    static String sentence(Throwable failure) {
        String message = failure.getMessage();
        return message == null || message.isBlank() ? failure.getClass().getSimpleName() + "." : message;
    }

    @Override
    public void close() {
        client.close();
    }
}

package dev.godwit.jenkins;

import dev.godwit.client.ClientTls;
import dev.godwit.client.Endpoint;
import dev.godwit.jenkins.broker.AgentTemplate;
import dev.godwit.jenkins.broker.BrokerSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A cloud's fields as they are written. Two clouds whose fields are equal work by the same settings.
 *
 * @param endpoints addresses, separated by commas or white space
 * @param certificateDirectory on the controller; null where no endpoint is https
 * @param instanceCap most VMs at once
 * @param leaseMinutes hostd ends a VM that nobody renewed for so long
 */
record CloudFields(
        String cloud,
        String endpoints,
        @Nullable String certificateDirectory,
        int instanceCap,
        int leaseMinutes,
        List<AgentTemplate> agentTemplates) {

    /** The endpoints one by one. */
    static List<Endpoint> endpoints(String text) {
        List<Endpoint> all = new ArrayList<>();
        for (String each : text.split("[,\\s]+")) {
            if (!each.isEmpty()) {
                all.add(Endpoint.parse(each));
            }
        }
        return all;
    }

    /**
     * The settings for a broker.
     *
     * @throws IOException the certificate can't be read, or the controller's id
     * @throws IllegalArgumentException a value is out of its bounds; the sentence names it
     */
    BrokerSettings settings() throws IOException {
        return new BrokerSettings(
                cloud,
                ControllerId.get(),
                endpoints(endpoints),
                tls(),
                instanceCap,
                agentTemplates,
                Duration.ofMinutes(leaseMinutes));
    }

    private @Nullable ClientTls tls() throws IOException {
        boolean https = endpoints(endpoints).stream()
                .anyMatch(endpoint -> "https".equals(endpoint.base().getScheme()));
        if (certificateDirectory == null) {
            if (https) {
                throw new IOException("cloud \"" + cloud
                        + "\" has an https endpoint and no certificate; give the directory with certificate.pem, key.pem"
                        + " and authority.pem");
            }
            return null;
        }
        return ClientTls.in(Path.of(certificateDirectory));
    }

    /** The controller's address as guests reach it; the URL of Jenkins where the cloud names no other. */
    static URI controllerUrl(@Nullable String ofCloud, @Nullable String ofJenkins) throws IOException {
        String url = ofCloud != null ? ofCloud : ofJenkins;
        if (url == null) {
            throw new IOException(
                    "an agent can't be started: the Jenkins URL is not set. Set it under Manage Jenkins, System,"
                            + " or set the cloud's controller URL.");
        }
        try {
            return URI.create(url);
        } catch (IllegalArgumentException e) {
            throw new IOException("the controller URL \"" + url + "\" is not a URL", e);
        }
    }
}

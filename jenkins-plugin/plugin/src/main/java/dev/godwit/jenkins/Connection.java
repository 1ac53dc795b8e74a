package dev.godwit.jenkins;

import dev.godwit.client.ClientTls;
import dev.godwit.jenkins.broker.Broker;
import dev.godwit.jenkins.broker.ConnectionReport;
import hudson.util.FormValidation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks a fleet that no broker works with yet. */
final class Connection {
    private Connection() {}

    /**
     * What the fleet says of itself. Blocks for some seconds at most.
     *
     * @throws IOException the certificate can't be read
     * @throws IllegalArgumentException an endpoint is not an address
     */
    static ConnectionReport test(String endpoints, @Nullable String certificateDirectory) throws IOException {
        CloudFields fields =
                new CloudFields("test", endpoints, certificateDirectory, 1, GodwitCloud.LEASE_MINUTES, List.of());
        return Broker.connectionReport(fields.settings());
    }

    static FormValidation checkCertificate(String endpoints, @Nullable String directory) {
        try {
            boolean https = CloudFields.endpoints(endpoints).stream()
                    .anyMatch(endpoint -> "https".equals(endpoint.base().getScheme()));
            if (directory == null) {
                return https
                        ? FormValidation.error("An https endpoint needs the directory with certificate.pem, key.pem and"
                                + " authority.pem.")
                        : FormValidation.ok();
            }
            ClientTls.in(Path.of(directory));
            return FormValidation.ok();
        } catch (IOException | IllegalArgumentException e) {
            return FormValidation.error(String.valueOf(e.getMessage()));
        }
    }
}

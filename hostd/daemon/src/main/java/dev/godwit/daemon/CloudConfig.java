package dev.godwit.daemon;

import java.net.URI;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * {@code cloud}: where notices of the machine's end come from.
 *
 * @param driver {@code aws}, or {@code none}
 * @param metadataEndpoint {@code http://HOST[:PORT]}; null for the provider's own
 */
public record CloudConfig(Driver driver, @Nullable URI metadataEndpoint) {
    /** Whose metadata service is asked. */
    public enum Driver {
        NONE,
        AWS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public CloudConfig {
        if (driver == null) { // a reader of YAML hands over null for what is left out
            driver = Driver.NONE;
        }
        if (metadataEndpoint != null
                && (!"http".equals(metadataEndpoint.getScheme()) || metadataEndpoint.getHost() == null)) {
            throw new IllegalArgumentException(
                    "cloud metadata-endpoint \"" + metadataEndpoint + "\" is not http://HOST[:PORT]");
        }
    }

    /** No notices. */
    static CloudConfig none() {
        return new CloudConfig(Driver.NONE, null);
    }
}

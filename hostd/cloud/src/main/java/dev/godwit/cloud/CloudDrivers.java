package dev.godwit.cloud;

import dev.godwit.cloud.aws.Ec2Metadata;
import dev.godwit.cloud.aws.Ec2Notices;
import dev.godwit.cloud.none.NoNotices;
import java.net.URI;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** The drivers that a configuration can name. */
public final class CloudDrivers {
    private CloudDrivers() {}

    /**
     * Opens the driver {@code aws} or {@code none}.
     *
     * @param metadataEndpoint base address of the metadata service, e.g. {@code http://169.254.169.254}; null for the
     *     driver's own default
     * @param hostId the host that the notices concern
     * @throws IllegalArgumentException if no driver has this name
     */
    public static NoticeSource open(String driver, @Nullable URI metadataEndpoint, String hostId, InstantSource clock) {
        return switch (driver) {
            case "aws" ->
                new Ec2Notices(
                        new Ec2Metadata(
                                metadataEndpoint == null ? Ec2Metadata.DEFAULT_ENDPOINT : metadataEndpoint,
                                Ec2Metadata.TOKEN_LIFETIME,
                                clock),
                        hostId,
                        Ec2Notices.POLL_PERIOD,
                        clock);
            case "none" -> new NoNotices();
            default ->
                throw new IllegalArgumentException(
                        "cloud.driver '" + driver + "' is unknown; the drivers are 'aws' and 'none'");
        };
    }
}

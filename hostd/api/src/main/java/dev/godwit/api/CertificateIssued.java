package dev.godwit.api;

import java.util.List;
import java.util.Map;

/**
 * A host certificate, and what a new host must know.
 *
 * @param certificate PEM
 * @param authority the fleet's authorities, PEM
 * @param fleetStore etcd URLs
 * @param configuration what is equal on all hosts, as it stands in their configuration: {@code cloud} and {@code vm-network}
 *     where the member has them
 */
public record CertificateIssued(
        String certificate,
        String authority,
        List<String> fleetStore,
        Map<String, Map<String, Object>> configuration) {}

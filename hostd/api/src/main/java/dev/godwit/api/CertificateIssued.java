package dev.godwit.api;

import java.util.List;

/**
 * A host certificate, and what a new host must know.
 *
 * @param certificate PEM
 * @param authority the fleet's authorities, PEM
 * @param fleetStore etcd URLs
 */
public record CertificateIssued(String certificate, String authority, List<String> fleetStore) {}

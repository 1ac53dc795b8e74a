package dev.godwit.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Asks for a host certificate: the one of the host that asks, or of the one that was invited.
 *
 * @param request PKCS #10, PEM; only its key counts
 * @param addresses of a host that joins: where programs that look at addresses find it, at most 8
 */
public record RequestCertificate(String request, List<String> addresses) {
    private static final int REQUEST_CHARACTERS_MAX = 16 * 1024;
    private static final int ADDRESSES_MAX = 8;

    public RequestCertificate(String request, @Nullable List<String> addresses) {
        if (request == null) {
            throw new IllegalArgumentException("request is missing");
        }
        Require.between("characters of request", request.length(), 1, REQUEST_CHARACTERS_MAX);
        this.request = request;
        this.addresses = addresses == null ? List.of() : List.copyOf(addresses);
        Require.between("entries of addresses", this.addresses.size(), 0, ADDRESSES_MAX);
    }
}

package dev.godwit.pki;

import dev.godwit.tls.Identity;
import dev.godwit.tls.Role;
import java.time.Duration;
import java.util.List;

/**
 * What a certificate is to say.
 *
 * @param addresses names and addresses that the holder answers at, for programs that look at them; may be empty
 * @param validity from now on
 */
public record Issuance(Identity identity, List<String> addresses, Duration validity) {
    /** A host renews its certificate by itself at half of this, so a stolen one is of no use soon. */
    public static final Duration HOST_VALIDITY = Duration.ofDays(7);

    /** A person or a CI system has to be given a new one. */
    public static final Duration CLIENT_VALIDITY = Duration.ofDays(90);

    /** etcd reads its files at each handshake, but nobody writes them by itself. */
    public static final Duration STORE_VALIDITY = Duration.ofDays(365);

    private static final Duration VALIDITY_MAX = Duration.ofDays(3660);
    private static final int ADDRESSES_MAX = 16;
    private static final int ADDRESS_CHARACTERS_MAX = 253;

    public Issuance {
        addresses = List.copyOf(addresses);
        if (validity.compareTo(Duration.ofSeconds(1)) < 0 || validity.compareTo(VALIDITY_MAX) > 0) {
            throw new IllegalArgumentException(
                    "validity " + validity + " is not between 1 s and " + VALIDITY_MAX.toDays() + " days");
        }
        if (addresses.size() > ADDRESSES_MAX) {
            throw new IllegalArgumentException(addresses.size() + " addresses are more than " + ADDRESSES_MAX);
        }
        for (String address : addresses) {
            if (address.isEmpty()
                    || address.length() > ADDRESS_CHARACTERS_MAX
                    || !address.matches("[A-Za-z0-9:._-]+")) {
                throw new IllegalArgumentException("\"" + address + "\" is neither a name nor an address");
            }
        }
    }

    /** How long a role's certificates last when nothing else is said. */
    public static Duration usual(Role role) {
        return switch (role) {
            case HOST -> HOST_VALIDITY;
            case STORE -> STORE_VALIDITY;
            case JOIN -> Invitation.VALIDITY;
            default -> CLIENT_VALIDITY;
        };
    }
}

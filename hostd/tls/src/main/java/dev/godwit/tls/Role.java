package dev.godwit.tls;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a certificate allows its holder. The first three are for people and CI systems, each allows what those before it do. */
public enum Role {
    /** Reads the state of the fleet. */
    VIEWER(Authority.CLIENTS),
    /** Makes, uses and ends VMs: the CI system. */
    AGENT_BROKER(Authority.CLIENTS),
    /** Everything that a person may do: moves, drains, images, certificates. */
    OPERATOR(Authority.CLIENTS),
    /** A hostd: the peer wire, the fleet store, and requests that it passes on for others. */
    HOST(Authority.HOSTS),
    /** A server of the fleet store; it may ask nothing. */
    STORE(Authority.HOSTS),
    /** Holder of an invitation: may ask for one host certificate, once. */
    JOIN(Authority.HOSTS);

    /** Who signs a role's certificates. Whoever holds one key can't make certificates of the other. */
    public enum Authority {
        HOSTS,
        CLIENTS;

        /** As it stands in certificates and file names. */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Authority authority;

    Role(Authority authority) {
        this.authority = authority;
    }

    public Authority authority() {
        return authority;
    }

    /** Whether a holder of this role may do what needs {@code least}. */
    public boolean allows(Role least) {
        return authority == Authority.CLIENTS && least.authority == Authority.CLIENTS
                ? compareTo(least) >= 0
                : this == least;
    }

    /** As it stands in certificates and on command lines: lower case, words joined by {@code -}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Reads {@link #text()}. */
    public static Role of(String text) {
        for (Role role : values()) {
            if (role.text().equals(text)) {
                return role;
            }
        }
        throw new IllegalArgumentException("\"" + text + "\" is no role; there are "
                + Arrays.stream(values()).map(Role::text).collect(Collectors.joining(", ")));
    }
}

package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * Invites a host into the fleet.
 *
 * @param host the id that it will have
 * @param minutes how long the token is good, 1 to 1,440; null: 15
 */
public record InviteHost(String host, @Nullable Integer minutes) {
    /** A token that lies around for days is a key under the mat. */
    public static final int MINUTES_MAX = 1440;

    public InviteHost {
        Require.name("host", host);
        if (minutes != null) {
            Require.between("minutes", minutes, 1, MINUTES_MAX);
        }
    }
}

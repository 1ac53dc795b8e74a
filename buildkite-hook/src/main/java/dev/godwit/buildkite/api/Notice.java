package dev.godwit.buildkite.api;

/**
 * A line on a build's page.
 *
 * @param job a UUID
 * @param detail at most 255 characters; what is longer is cut
 */
public record Notice(String job, String detail) {
    /** Sources differ by one, 255 or 256. */
    static final int DETAIL_CHARACTERS_MAX = 255;

    public Notice {
        if (detail.isBlank()) {
            throw new IllegalArgumentException("the notice for job " + job + " says nothing");
        }
        detail = detail.substring(0, Math.min(detail.length(), DETAIL_CHARACTERS_MAX));
    }
}

package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * Why a request failed, as {@code application/problem+json} (RFC 9457).
 *
 * @param type a URI that names the kind of problem
 * @param title the same for every problem of this code
 * @param status the HTTP status
 * @param detail what was tried, on what, why it failed, what to do
 * @param firstOffset with {@link ProblemCode#GONE}: the oldest offset that is kept, in bytes
 */
public record Problem(
        String type,
        String title,
        int status,
        String detail,
        ProblemCode code,
        @Nullable Long firstOffset) {
    /** The media type it is sent as. */
    public static final String MEDIA_TYPE = "application/problem+json";

    private static final String TYPE_PREFIX = "urn:godwit:problem:";

    /** A problem of this code. */
    public static Problem of(ProblemCode code, String detail) {
        return new Problem(TYPE_PREFIX + code, code.title(), code.status(), detail, code, null);
    }

    /** The offset asked for is older than what is kept. */
    public static Problem gone(String detail, long firstOffset) {
        ProblemCode code = ProblemCode.GONE;
        return new Problem(TYPE_PREFIX + code, code.title(), code.status(), detail, code, firstOffset);
    }
}

package dev.godwit.api;

import java.util.Locale;

/** Why a request failed; each has one HTTP status. Source: RFC 9457 leaves codes to the application. */
public enum ProblemCode {
    /** The request could not be read: bad JSON, an unknown field, a value out of range. */
    BAD_REQUEST(400, "The request could not be understood"),
    /** The caller's certificate does not allow it. */
    FORBIDDEN(403, "Your role does not allow it"),
    /** There is no such route. */
    NO_SUCH_ROUTE(404, "There is nothing at this path"),
    NOT_FOUND(404, "There is no such thing"),
    METHOD_NOT_ALLOWED(405, "This path does not take this method"),
    /** The name or the VM is taken by something else, or the state does not allow it now. */
    CONFLICT(409, "It does not fit what is there"),
    NAME_TAKEN(409, "The name is taken"),
    /** A move of this VM runs already. */
    MOVE_RUNNING(409, "A move of this VM runs already"),
    /** The VM's host is gone: it can be removed, or be claimed by another host. */
    VM_LOST(409, "The VM is lost with its host"),
    /** The offset is older than the ring of output; {@code firstOffset} is the oldest kept. */
    GONE(410, "The output at this offset is no longer kept"),
    /** It is not as the request's {@code If-Match} or {@code If-None-Match} wants it. */
    CHANGED(412, "It has changed since it was read"),
    TOO_LARGE(413, "The request is too large"),
    REFUSED(422, "It was refused"),
    NO_ACCELERATOR(422, "This host can run no guest"),
    NO_ROOM(422, "There is not enough memory or disk"),
    NO_BASE_IMAGE(422, "The base image is missing"),
    CPU_UNFIT(422, "The CPU does not fit"),
    HOST_UNFIT(422, "The host takes no VM"),
    INTERNAL(500, "hostd failed"),
    /** Another host was to do it, and its answer is missing: it may have been done or not. */
    ANSWER_LOST(502, "The answer was lost"),
    /** The host or the guest that must act can't be reached now: it was not done; trying again may help. */
    UNAVAILABLE(503, "It can't be reached now"),
    /** A request went round between hosts without finding its owner. */
    TOO_MANY_HOPS(508, "The request went round between hosts");

    private final int status;
    private final String title;

    ProblemCode(int status, String title) {
        this.status = status;
        this.title = title;
    }

    /** The HTTP status it is sent with. */
    public int status() {
        return status;
    }

    /** A short sentence that is the same for every problem of this code. */
    public String title() {
        return title;
    }

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}

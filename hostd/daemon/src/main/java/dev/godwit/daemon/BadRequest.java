package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;

/** What came over HTTP can't be read or is too much; the sentence says where and what. */
final class BadRequest extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ProblemCode code;

    BadRequest(String sentence) {
        this(ProblemCode.BAD_REQUEST, sentence);
    }

    BadRequest(ProblemCode code, String sentence) {
        super(sentence);
        this.code = code;
    }

    ProblemCode code() {
        return code;
    }
}

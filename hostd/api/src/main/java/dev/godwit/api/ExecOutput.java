package dev.godwit.api;

import java.util.Base64;

/**
 * A piece of a command's output; the SSE event {@code output}.
 *
 * @param offset of its first byte in the stream
 * @param data base64 (RFC 4648, section 4)
 */
public record ExecOutput(ExecStreamName stream, long offset, String data) {
    public ExecOutput {
        Require.notNegative("offset", offset);
    }

    /** A piece of output from its bytes. */
    public static ExecOutput of(ExecStreamName stream, long offset, byte[] bytes) {
        return new ExecOutput(stream, offset, Base64.getEncoder().encodeToString(bytes));
    }

    /** The bytes themselves. */
    public byte[] bytes() {
        return Base64.getDecoder().decode(data);
    }
}

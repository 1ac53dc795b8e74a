package dev.godwit.guest;

/**
 * An exec as guestd sees it.
 *
 * @param stdinAccepted the offset at which the next stdin goes
 */
public record ExecStatus(ExecState state, long pid, long stdinAccepted, Stream stdout, Stream stderr) {
    /** Offsets [firstKept, end) can be read; {@code ended}: nothing more comes. */
    public record Stream(long firstKept, long end, boolean ended) {
        static Stream read(Words words) throws GuestException {
            return new Stream(words.u64(), words.u64(), words.u8() != 0);
        }
    }

    static ExecStatus read(Words words) throws GuestException {
        return new ExecStatus(ExecState.read(words), words.u64(), words.u64(), Stream.read(words), Stream.read(words));
    }
}

package dev.godwit.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.Arrays;

/** Feeds our standard input to a command, on a thread of its own that never holds the process up. */
final class ExecInput implements Runnable {
    private static final int PIECE_BYTES = 64 * 1024;

    /** How long a piece is sent again while nobody takes it: a move, or a host that is gone and replaced, takes less. */
    private static final long RETRY_NANOS = 60_000_000_000L;

    private final Fleet fleet;
    private final String path;
    private final InputStream in;
    private final PrintStream err;

    ExecInput(Fleet fleet, String path, InputStream in, PrintStream err) {
        this.fleet = fleet;
        this.path = path;
        this.in = in;
        this.err = err;
    }

    void start() {
        Thread thread = new Thread(this, "stdin");
        thread.setDaemon(true);
        thread.start();
    }

    /** Ends when the input does, or when the command no longer takes any: then its output says how it ended. */
    @Override
    public void run() {
        byte[] buffer = new byte[PIECE_BYTES];
        long offset = 0;
        try {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                send(offset, Arrays.copyOf(buffer, read), false);
                offset += read;
            }
            send(offset, new byte[0], true);
        } catch (IOException unreadable) {
            err.println("godwit: standard input can't be read (" + Fleet.reason(unreadable) + "); the command got "
                    + offset + " bytes of it");
        } catch (Failure over) {
            if (over.exit() == Failure.REFUSED) {
                // It ended, or closed its input: its output says the rest.
                System.getLogger("godwit").log(System.Logger.Level.DEBUG, "the command takes no more input", over);
            } else {
                err.println("godwit: input is lost from byte " + offset + " on: " + over.sentence());
            }
        }
    }

    /**
     * At an offset, so that a piece whose answer was lost can be sent again: also after a 404, 500 or 503, which the host
     * that a VM leaves may give before its next owner takes input.
     */
    private void send(long offset, byte[] piece, boolean end) throws Failure {
        Request request = Request.bytes(path + "/stdin?offset=" + offset + "&end=" + end, piece);
        long deadline = System.nanoTime() + RETRY_NANOS;
        while (true) {
            try {
                fleet.document(fleet.repeatable(request, Fleet.WORK_MILLIS));
                return;
            } catch (Failure failure) {
                if (failure.exit() == Failure.REFUSED
                        || failure.exit() == Failure.USAGE
                        || System.nanoTime() > deadline) {
                    throw failure;
                }
                fleet.avoidFirst();
                MoveCommands.pause();
            }
        }
    }
}

package dev.godwit.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Feeds our standard input to a command, on a thread of its own that never holds the process up. */
final class ExecInput implements Runnable {
    private static final int PIECE_BYTES = 64 * 1024;

    /** How long a piece is sent again while no endpoint answers. */
    private static final long RETRY_NANOS = 60_000_000_000L;

    private final Fleet fleet;
    private final String path;
    private final InputStream in;

    ExecInput(Fleet fleet, String path, InputStream in) {
        this.fleet = fleet;
        this.path = path;
        this.in = in;
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
        } catch (IOException | Failure over) {
            System.getLogger("godwit").log(System.Logger.Level.DEBUG, "the command takes no more input", over);
        }
    }

    /** At an offset, so that a piece whose answer was lost can be sent again. */
    private void send(long offset, byte[] piece, boolean end) throws Failure {
        Request request = Request.bytes(path + "/stdin?offset=" + offset + "&end=" + end, piece);
        long deadline = System.nanoTime() + RETRY_NANOS;
        while (true) {
            try {
                fleet.document(fleet.repeatable(request, Fleet.WORK_MILLIS));
                return;
            } catch (Failure failure) {
                if (failure.exit() != Failure.UNREACHABLE || System.nanoTime() > deadline) {
                    throw failure;
                }
                fleet.avoidFirst();
                MoveCommands.pause();
            }
        }
    }
}

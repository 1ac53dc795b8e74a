package dev.godwit.cli;

/** The command ends here: a sentence for the user and an exit status. */
final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int UNREACHABLE = 3;
    static final int NOT_FOUND = 4;
    static final int REFUSED = 5;
    static final int EXEC_LOST = 255;

    private final int exit;
    private boolean afterLoss;

    Failure(int exit, String sentence) {
        super(sentence);
        this.exit = exit;
    }

    Failure(int exit, String sentence, Throwable cause) {
        super(sentence, cause);
        this.exit = exit;
    }

    /** An earlier sending of the request may have been done: its answer was lost. */
    Failure afterLoss(boolean lost) {
        afterLoss = lost;
        return this;
    }

    boolean afterLoss() {
        return afterLoss;
    }

    static Failure usage(String sentence) {
        return new Failure(USAGE, sentence);
    }

    int exit() {
        return exit;
    }

    String sentence() {
        String message = getMessage();
        return message == null ? "" : message;
    }
}

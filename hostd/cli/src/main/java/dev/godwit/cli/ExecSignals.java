package dev.godwit.cli;

import dev.godwit.api.SignalRequest;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;
import sun.misc.Signal;

/**
 * Gives SIGINT and SIGTERM to the command instead of dying of them; its end is then ours. The JDK has no other door to signals
 * than {@code sun.misc.Signal}, which module jdk.unsupported keeps for that.
 */
final class ExecSignals {
    private ExecSignals() {}

    private static final String[] FORWARDED = {"INT", "TERM"};

    static void forward(Fleet fleet, String path) {
        for (String name : FORWARDED) {
            Signal.handle(new Signal(name), signal -> send(fleet, path, name));
        }
    }

    private static void send(Fleet fleet, String path, String name) {
        long id = ThreadLocalRandom.current().nextLong(1, SignalRequest.ID_MAX); // a second TERM means something else
        byte[] body = ("{\"name\":\"" + name + "\",\"id\":" + id + "}").getBytes(StandardCharsets.UTF_8);
        try {
            fleet.document(fleet.repeatable(Request.post(path + "/signal", body), Fleet.ANSWER_MILLIS));
        } catch (Failure failure) {
            System.err.println("godwit: SIG" + name + " did not reach the command: " + failure.sentence());
        }
    }
}

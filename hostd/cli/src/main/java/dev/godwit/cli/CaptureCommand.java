package dev.godwit.cli;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import sun.misc.Signal;

/** {@code godwit net capture}: a VM's packets into a file. Ctrl-C ends it like a bound: the file is whole. */
final class CaptureCommand {
    private static final int SECONDS = 60;
    private static final int PACKETS = 100_000;
    private static final int SECONDS_MAX = 3600;
    /** hostd ends it at the time; a quiet VM sends nothing until then. */
    private static final int SILENCE_BEYOND_MILLIS = 30_000;

    private final Session session;
    private volatile boolean stopped;

    CaptureCommand(Session session) {
        this.session = session;
    }

    int run(List<String> line) throws Failure, IOException {
        List<String> words = new ArrayList<>(line);
        words.replaceAll(word -> word.equals("-w") ? "--write" : word);
        Arguments arguments =
                new Arguments("net capture", words, Set.of("--write", "--seconds", "--packets", "--snap"), Set.of());
        String vm = arguments.words("VM").get(0);
        String file = arguments.value("--write");
        if (file == null) {
            throw Failure.usage("net capture needs -w FILE, or -w - for standard output.");
        }
        int seconds = arguments.number("--seconds", SECONDS);
        int packets = arguments.number("--packets", PACKETS);
        if (seconds < 1 || seconds > SECONDS_MAX) {
            throw Failure.usage("--seconds " + seconds + " is not between 1 and " + SECONDS_MAX + ".");
        }
        String path = "/v1/vms/" + Session.encoded(vm);
        String host = Json.text(Json.object(session.fleet().get(path)), "host");
        String query = "/capture?seconds=" + seconds + "&packets=" + packets
                + (arguments.value("--snap") == null ? "" : "&snap=" + arguments.number("--snap", 0));
        try (OutputStream to = open(file);
                Answer answer =
                        session.fleet().once(Request.get(path + query), seconds * 1000 + SILENCE_BEYOND_MILLIS)) {
            Signal.handle(new Signal("INT"), any -> {
                stopped = true;
                answer.close();
            });
            long begin = System.nanoTime();
            PcapCopy copy = new PcapCopy(answer.body(), to);
            int exit = Failure.DONE;
            String why = "";
            try {
                copy.run();
            } catch (IOException
                    | IllegalStateException e) { // a selector that is closed under its reader says the latter
                if (!stopped) {
                    exit = Failure.FAILED;
                    why = "; the connection to it was lost (" + e.getMessage() + ")";
                }
            }
            boolean early = copy.frames() < packets && System.nanoTime() - begin < seconds * 1_000_000_000L;
            if (!stopped && exit == Failure.DONE && early) {
                why = "; " + ended(path, vm, host);
            }
            session.err()
                    .println("godwit: " + copy.frames() + " packets, " + copy.bytes() + " bytes in "
                            + (file.equals("-") ? "standard output" : file) + ", as they passed on " + host + why);
            return exit;
        }
    }

    private OutputStream open(String file) throws Failure {
        try {
            return file.equals("-") ? session.out() : new FileOutputStream(file);
        } catch (IOException e) {
            throw new Failure(Failure.FAILED, file + " can't be written: " + Fleet.reason(e) + ".", e);
        }
    }

    /** Why it ended before a bound. */
    private String ended(String path, String vm, String host) {
        try {
            Map<String, @Nullable Object> now = Json.object(session.fleet().get(path));
            String there = Json.text(now, "host");
            return there.equals(host)
                    ? "VM " + vm + " is " + Json.text(now, "state") + " there, or the file was full"
                    : "VM " + vm + " has moved to " + there + ", ask again to go on there";
        } catch (Failure | IOException gone) {
            return "VM " + vm + " is not there any more: " + gone.getMessage();
        }
    }
}

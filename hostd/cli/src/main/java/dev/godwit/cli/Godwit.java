package dev.godwit.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The command {@code godwit}. */
public final class Godwit {
    private Godwit() {}

    private static final int OUT_BUFFER_BYTES = 64 * 1024;

    /** Ends the process with the command's exit status. */
    public static void main(String[] args) {
        PrintStream out = new PrintStream(
                new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), OUT_BUFFER_BYTES), false);
        Environment environment = new Environment(System.getenv("GODWIT_ENDPOINTS"), System.getenv("GODWIT_TLS_DIR"));
        int exit = run(List.of(args), environment, System.in, out, System.err);
        out.flush();
        System.exit(exit);
    }

    /**
     * Runs a command.
     *
     * @return the exit status
     */
    static int run(List<String> args, Environment environment, InputStream in, PrintStream out, PrintStream err) {
        try {
            return dispatch(args, environment, in, out, err);
        } catch (Failure failure) {
            out.flush();
            err.println("godwit: " + failure.sentence());
            return failure.exit();
        } catch (IOException e) {
            out.flush();
            err.println("godwit: The answer could not be read: " + Fleet.reason(e) + ".");
            return Failure.FAILED;
        }
    }

    /**
     * What the environment says.
     *
     * @param endpoints GODWIT_ENDPOINTS, null when it is not set
     * @param tlsDirectory GODWIT_TLS_DIR, null when it is not set
     */
    record Environment(@Nullable String endpoints, @Nullable String tlsDirectory) {}

    private static int dispatch(
            List<String> args, Environment environment, InputStream in, PrintStream out, PrintStream err)
            throws Failure, IOException {
        List<Endpoint> endpoints = new ArrayList<>();
        boolean json = false;
        String tlsDirectory = environment.tlsDirectory();
        int at = 0;
        for (; at < args.size() && args.get(at).startsWith("--"); at++) {
            String option = args.get(at);
            if (option.equals("--version")) {
                out.println("godwit " + version());
                return Failure.DONE;
            } else if (option.equals("--help")) {
                out.print(Help.ALL);
                return Failure.DONE;
            } else if (option.equals("--json")) {
                json = true;
            } else if (option.equals("--train")) {
                return Training.run(out, at + 1 < args.size() ? args.get(at + 1) : null);
            } else if (option.equals("--tls-dir") && at + 1 < args.size()) {
                tlsDirectory = args.get(++at);
            } else if (option.startsWith("--tls-dir=")) {
                tlsDirectory = option.substring("--tls-dir=".length());
            } else if (option.equals("--endpoint") && at + 1 < args.size()) {
                endpoints.add(endpoint(args.get(++at)));
            } else if (option.startsWith("--endpoint=")) {
                endpoints.add(endpoint(option.substring("--endpoint=".length())));
            } else {
                throw Failure.usage("There is no option " + option + " before a command; see godwit --help.");
            }
        }
        if (endpoints.isEmpty()) {
            String named = environment.endpoints();
            for (String text : (named == null || named.isBlank() ? Endpoint.DEFAULT : named).split(",", -1)) {
                if (!text.isBlank()) {
                    endpoints.add(endpoint(text.strip()));
                }
            }
        }
        TlsIdentity identity = new TlsIdentity(
                tlsDirectory == null || tlsDirectory.isBlank() ? TlsIdentity.usualDirectory() : Path.of(tlsDirectory));
        return command(args.subList(at, args.size()), new Session(new Fleet(endpoints, identity), json, in, out, err));
    }

    private static Endpoint endpoint(String text) throws Failure {
        try {
            return new Endpoint(text);
        } catch (IllegalArgumentException e) {
            throw new Failure(Failure.USAGE, e.getMessage() + ".", e);
        }
    }

    private static int command(List<String> words, Session session) throws Failure, IOException {
        if (words.isEmpty()) {
            session.err().print(Help.ALL);
            return Failure.USAGE;
        }
        boolean single = words.get(0).equals("drain") || words.get(0).equals("events");
        String name = single || words.size() == 1 ? words.get(0) : words.get(0) + " " + words.get(1);
        List<String> rest = words.subList(single || words.size() == 1 ? 1 : 2, words.size());
        int dashes = rest.indexOf("--");
        if (rest.subList(0, dashes < 0 ? rest.size() : dashes).contains("--help") || name.endsWith(" --help")) {
            session.out().print(Help.of(name));
            return Failure.DONE;
        }
        switch (name) {
            case "vm create" -> new VmCommands(session).create(rest);
            case "vm list" -> new VmCommands(session).list(rest);
            case "vm renew" -> new VmCommands(session).renew(rest);
            case "vm show" -> new VmCommands(session).show(rest);
            case "vm stop" -> new VmCommands(session).stop(rest);
            case "vm claim" -> new VmCommands(session).claim(rest);
            case "vm move" -> new VmCommands(session).move(rest);
            case "vm console" -> new VmCommands(session).console(rest);
            case "vm rm" -> new VmCommands(session).remove(rest);
            case "vm exec" -> {
                return new ExecCommand(session).run(rest);
            }
            case "image build" -> new ImageCommands(session).build(rest);
            case "image list" -> new ImageCommands(session).list(rest);
            case "image push" -> new ImageCommands(session).push(rest);
            case "host status" -> new HostCommands(session).status(rest);
            case "host list" -> new HostCommands(session).list(rest);
            case "host invite" -> new PkiCommands(session).invite(rest);
            case "pki revoke" -> new PkiCommands(session).revoke(rest);
            case "pki revocations" -> new PkiCommands(session).revocations(rest);
            case "pki init", "pki issue", "pki list", "host join" -> {
                return PkiCommands.elsewhere(words, session.out(), session.err());
            }
            case "net list" -> new NetworkCommands(session).list(rest);
            case "net show" -> new NetworkCommands(session).show(rest);
            case "net create" -> new NetworkCommands(session).create(rest);
            case "net set" -> new NetworkCommands(session).set(rest);
            case "net rm" -> new NetworkCommands(session).remove(rest);
            case "net flows" -> new TrafficCommands(session).flows(rest);
            case "net drops" -> new TrafficCommands(session).drops(rest);
            case "net capture" -> {
                return new CaptureCommand(session).run(rest);
            }
            case "drain" -> new HostCommands(session).drain(rest);
            case "events" -> new EventsCommand(session).follow(rest);
            case "net publish" -> new PortCommands(session).publish(rest);
            case "net unpublish" -> new PortCommands(session).unpublish(rest);
            case "net ports" -> new PortCommands(session).list(rest);
            case "move show" -> new MoveCommands(session).show(rest);
            case "move list" -> new MoveCommands(session).list(rest);
            default -> throw Failure.usage("There is no command \"" + name + "\"; there are:\n" + Help.of(name));
        }
        return Failure.DONE;
    }

    /** From the jar's manifest; classes that are run outside a jar have none. */
    static String version() {
        String version = Godwit.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }
}

package dev.godwit.pki;

import dev.godwit.tls.Credentials;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Role;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/**
 * {@code godwit pki init|issue|list} and {@code godwit host join}. The command loads it from hostd's library when one of them
 * is asked for, and from nowhere else.
 */
public final class PkiCommand {
    private PkiCommand() {}

    private static final int DONE = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private static final String DEFAULT_DIRECTORY = "/etc/godwit/pki";

    /** For the shell. */
    public static void main(String[] args) {
        System.exit(run(List.of(args), System.out, System.err));
    }

    /**
     * Runs a command.
     *
     * @param args {@code pki issue ...}
     * @return exit status: 0 done, 1 failed, 2 wrong usage
     */
    public static int run(List<String> args, PrintStream out, PrintStream err) {
        String name = String.join(" ", args.subList(0, Math.min(2, args.size())));
        List<String> rest = args.subList(Math.min(2, args.size()), args.size());
        try {
            switch (name) {
                case "pki init" -> init(new Words(name, rest, List.of("--fleet")), out);
                case "pki issue" ->
                    issue(new Words(name, rest, List.of("--role", "--dir", "--out", "--days", "--address")), out);
                case "pki list" -> list(new Words(name, rest, List.of("--dir")), out);
                case "host join" ->
                    HostJoin.run(
                            new Words(
                                    name,
                                    rest,
                                    List.of(
                                            "--address",
                                            "--underlay-address",
                                            "--config",
                                            "--tls-dir",
                                            "--state-directory")),
                            out);
                default -> throw new IllegalArgumentException("there is no command \"" + name + "\" here");
            }
            return DONE;
        } catch (IllegalArgumentException e) {
            err.println("godwit: " + e.getMessage() + "; see godwit " + name + " --help.");
            return USAGE;
        } catch (IOException e) {
            err.println("godwit: " + name + ": " + e.getMessage() + ".");
            return FAILED;
        }
    }

    private static void init(Words words, PrintStream out) throws IOException {
        Path directory = Path.of(words.word("DIR")).toAbsolutePath().normalize();
        FleetAuthority made =
                FleetAuthority.init(directory, words.option("--fleet").orElse("godwit"), InstantSource.system());
        out.println("fleet " + made.fleet() + ": its authority is in " + directory);
        out.println("  authority.pem   for every machine and client");
        out.println(
                "  hosts.key       makes hosts and stores; copy it with authority.pem to the hosts that shall renew the others");
        out.println("  clients.key     makes operators, agent brokers and viewers; keep it off the hosts");
    }

    private static void issue(Words words, PrintStream out) throws IOException {
        String name = words.word("NAME");
        Role role = Role.of(words.needed("--role"));
        if (role == Role.JOIN) {
            throw new IllegalArgumentException("role join is for 'godwit host invite'");
        }
        Path directory = Path.of(words.option("--dir").orElse(DEFAULT_DIRECTORY));
        FleetAuthority authority = FleetAuthority.open(directory, InstantSource.system());
        Duration validity = words.option("--days")
                .map(days -> Duration.ofDays(Words.number("--days", days)))
                .orElse(Issuance.usual(role));
        Path into = Path.of(words.option("--out").orElse(role.text() + "-" + name));
        Credentials made = authority.issue(
                new Issuance(new Identity(authority.fleet(), role, name), words.all("--address"), validity), into);
        out.println(made.identity().subject() + " of fleet " + authority.fleet() + " until " + made.until() + ": "
                + into + "/{certificate,key,authority}.pem");
        if (role.authority() == Role.Authority.CLIENTS) {
            out.println("  godwit --tls-dir " + into + " --endpoint https://HOST:7700 vm list");
        }
    }

    private static void list(Words words, PrintStream out) throws IOException {
        words.none();
        Path directory = Path.of(words.option("--dir").orElse(DEFAULT_DIRECTORY));
        FleetAuthority authority = FleetAuthority.open(directory, InstantSource.system());
        List<FleetAuthority.Issued> issued = authority.issued();
        int width =
                issued.stream().mapToInt(one -> one.subject().length()).max().orElse(7);
        String row = "%-32s  %-" + Math.max(7, width) + "s  %s%n";
        out.printf(row, "SERIAL", "SUBJECT", "UNTIL");
        issued.forEach(one -> out.printf(row, one.serial(), one.subject(), one.until()));
    }
}

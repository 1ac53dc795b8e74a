package dev.godwit.cli;

/** What {@code --help} says. */
final class Help {
    private Help() {}

    static final String ALL = """
            godwit: microVMs for CI agents that outlive their machines

            Usage: godwit [--endpoint unix:/PATH|https://HOST:PORT]... [--tls-dir DIR] [--json] COMMAND ...

              vm create|list|show|exec|stop|move|claim|console|rm
              image build|list|push
              host status|list|invite|join
              pki init|issue|list|revoke|revocations
              net list|show|create|set|rm|publish|unpublish|ports|flows|capture|drops
              drain
              events
              move show|list

            Options before the command:
              --endpoint E   a hostd; may be given again: another one answers when the first is lost.
                             Default: GODWIT_ENDPOINTS (separated by commas), else unix:/run/godwit/hostd.sock
              --tls-dir DIR  certificate.pem, key.pem and authority.pem for https endpoints.
                             Default: GODWIT_TLS_DIR, else ~/.config/godwit
              --json         one JSON document instead of text; streams: one a line
              --version      print the version
              --help         this; godwit COMMAND --help tells more

            Exit status: 0 done, 1 failed, 2 wrong usage, 3 no hostd reachable, 4 not found, 5 refused;
            vm exec: the command's, 128+n when signal n ended it, 255 when it is lost.
            """;

    private static final String VM = """
            godwit vm create NAME --image IMAGE [--vcpus 1] [--memory-mib 512] [--disk-mib 4096]
                             [--owner ID] [--key KEY] [--label K=V]... [--lease SECONDS]
                             [--project PROJECT] [--no-wait] [--timeout SECONDS]
            godwit vm list [--owner ID] [--project PROJECT] [--label K=V]...
            godwit vm renew NAME [--lease SECONDS]
            godwit vm show NAME
            godwit vm exec NAME [--env K=V]... [--cwd DIR] [--tty] [--no-stdin] -- PROGRAM ARGUMENT...
            godwit vm stop NAME
            godwit vm move NAME HOST [--no-wait] [--timeout SECONDS]
            godwit vm claim NAME
            godwit vm console NAME
            godwit vm rm NAME [--force]
            """;

    private static final String IMAGE = """
            godwit image build NAME [--recipe RECIPE] [--no-wait] [--timeout SECONDS]
            godwit image list
            godwit image push IMAGE HOST
            """;

    private static final String HOST = """
            godwit host status [HOST]
            godwit host list
            godwit host invite HOST [--minutes 15]
            godwit host join TOKEN [--address ADDRESS]
            """;

    private static final String PKI = """
            godwit pki init DIR [--fleet NAME]
            godwit pki issue --role viewer|agent-broker|operator|host|store NAME [--dir DIR] [--out DIR]
                             [--days N] [--address ADDRESS]...
            godwit pki list [--dir DIR]
            godwit pki revoke ROLE/NAME|SERIAL
            godwit pki revocations
            """;

    private static final String NET = """
            godwit net list
            godwit net show PROJECT
            godwit net create PROJECT [SETTING]...
            godwit net set PROJECT SETTING...
            godwit net rm PROJECT
            godwit net flows VM [--follow] [--json]
            godwit net capture VM -w FILE [--seconds 60] [--packets 100000] [--snap BYTES]
            godwit net drops [--all] [--json]
            godwit net publish VM PUBLIC:PORT [--udp]
            godwit net unpublish VM PUBLIC [--udp]
            godwit net ports VM
            """;

    private static final String MOVE = """
            godwit move show ID
            godwit move list
            """;

    /** The help of a command; of its group when there is no such command; of all when there is no such group. */
    static String of(String command) {
        return switch (command) {
            case "vm create" -> """
                godwit vm create NAME --image IMAGE [--vcpus 1] [--memory-mib 512] [--disk-mib 4096]
                                 [--owner ID] [--key KEY] [--label K=V]... [--lease SECONDS]
                                 [--project PROJECT] [--no-wait] [--timeout SECONDS]
                Makes a VM on the host that answers, or on another when that has no room, boots it, and waits until its
                guest answers. IMAGE is a name or a digest. With --key the same command twice makes one VM. With --lease the VM is ended when
                'godwit vm renew' is not heard of for so long.

                  godwit vm create build-7 --image debian-ci --vcpus 2 --memory-mib 1024
                """;
            case "vm list" -> """
                godwit vm list [--owner ID] [--project PROJECT] [--label K=V]...
                All VMs of the fleet, or those of an owner, in a project and with labels. A host that does not answer is left out.

                  godwit --json vm list
                """;
            case "vm renew" -> """
                godwit vm renew NAME [--lease SECONDS]
                Renews a VM's lease from now on, for as long as before or for so many seconds.

                  godwit vm renew build-7
                """;
            case "vm show" -> """
                godwit vm show NAME
                One VM, by name or id.

                  godwit vm show build-7
                """;
            case "vm exec" -> """
                godwit vm exec NAME [--env K=V]... [--cwd DIR] [--tty] [--no-stdin] -- PROGRAM ARGUMENT...
                Runs a program in the VM; its output, input and end are as if it ran here. Ctrl-C and SIGTERM go to it.
                It goes on when the VM moves or a host is lost, as long as one endpoint is left.

                  godwit vm exec build-7 --cwd /src --env CC=gcc -- make -j2
                  godwit vm exec build-7 --tty -- bash
                """;
            case "vm stop" -> """
                godwit vm stop NAME
                Shuts the guest down. The VM stays, with its disk.

                  godwit vm stop build-7
                """;
            case "vm move" -> """
                godwit vm move NAME HOST [--no-wait] [--timeout 600]
                Moves the running VM and tells its states. Exit status 5 when the target refuses.

                  godwit vm move build-7 host-b
                """;
            case "vm claim" -> """
                godwit vm claim NAME
                Takes over a VM whose host is gone: the host that answers boots it anew from its image, with its name and
                address. What its memory and disk held went with its host. A host that is only frozen can't be heard from
                the end of its lease on, and when it is back it ends its copy. Takes as long as a lease, 10 s.

                  godwit --endpoint http://host-b:7700 vm claim build-7
                """;
            case "vm console" -> """
                godwit vm console NAME
                The serial console's log so far.

                  godwit vm console build-7 | tail
                """;
            case "vm rm" -> """
                godwit vm rm NAME [--force]
                Ends the VM and removes its disk. With --force also a VM whose host is gone for good: its record goes, and
                the paused copy that the source of its last move may have kept (ask that host then).

                  godwit vm rm build-7
                """;
            case "image build" -> """
                godwit image build NAME [--recipe RECIPE] [--no-wait] [--timeout 1800]
                Builds an image on the host that answers. The recipe is NAME's own when it is left out.

                  godwit image build debian-ci
                """;
            case "image list" -> """
                godwit image list
                The images of all hosts.

                  godwit image list
                """;
            case "image push" -> """
                godwit image push IMAGE HOST
                Copies an image to another host.

                  godwit image push debian-ci host-b
                """;
            case "host status" -> """
                godwit host status [HOST]
                The host that answers, or another one: what it can run and why not, what is free, its drain.

                  godwit host status host-b
                """;
            case "host list" -> """
                godwit host list
                All hosts of the fleet.

                  godwit --json host list
                """;
            case "host invite" -> """
                godwit host invite HOST [--minutes 15]
                Prints the command with which a new machine joins the fleet as HOST, good once and for some minutes.
                A living host must hold the key of the authority for hosts (tls: issuer: in its configuration).

                  godwit host invite host-b
                """;
            case "host join" -> """
                godwit host join TOKEN [--address ADDRESS] [--underlay-address ADDRESS]
                                 [--config /etc/godwit/hostd.yaml] [--tls-dir /etc/godwit/tls]
                                 [--state-directory /var/lib/godwit]
                Run on a new machine: gets its certificate and writes it and hostd's configuration, with the cloud and
                the network for VMs of the fleet. ADDRESS is where the other hosts reach it; left out: the one it has on
                its way to the member. They send packets for its VMs there too, or to the underlay address.

                  godwit host join godwit1.AVJ...
                """;
            case "pki init" -> """
                godwit pki init DIR [--fleet godwit]
                Makes the fleet's certificate authority: authority.pem for everybody, hosts.key for the hosts that
                shall renew the others' certificates, clients.key for nobody but you.

                  godwit pki init /etc/godwit/pki --fleet blue
                """;
            case "pki issue" -> """
                godwit pki issue --role viewer|agent-broker|operator|host|store NAME [--dir /etc/godwit/pki]
                                 [--out ROLE-NAME] [--days N] [--address ADDRESS]...
                Makes a certificate and its key in the directory --out. A host's name is its host-id; its certificate
                lasts 7 days and is renewed by hostd. role store is for etcd. --address is for other programs.

                  godwit pki issue --role operator alice --out ~/.config/godwit
                """;
            case "pki list" -> """
                godwit pki list [--dir /etc/godwit/pki]
                The certificates made in a directory.

                  godwit pki list
                """;
            case "pki revoke" -> """
                godwit pki revoke ROLE/NAME|SERIAL
                All that was issued to ROLE/NAME until now, or one certificate, is taken no longer, at once and by all
                hosts; open connections end. What is issued to the name later is good.

                  godwit pki revoke operator/alice
                """;
            case "pki revocations" -> """
                godwit pki revocations
                What is revoked.

                  godwit pki revocations
                """;
            case "net list" -> """
                godwit net list
                The networks of all projects. VMs of a project reach each other, and no VM of another one.

                  godwit net list
                """;
            case "net show" -> """
                godwit net show PROJECT
                What a project's network lets its VMs do.

                  godwit net show default
                """;
            case "net create", "net set" -> """
                godwit net create PROJECT [SETTING]...
                godwit net set PROJECT SETTING...
                Makes a project's network, or changes one; running VMs follow within moments. 'set' leaves what it does not
                name; a list that it names is given whole.

                  --allow PREFIX[:PROTOCOL[:PORTS]]   may be reached although a wider rule denies it
                  --deny PREFIX[:PROTOCOL[:PORTS]]    may not be reached
                  --egress local=PREFIX               the VM's host sends to it under its own address; a move may reset
                  --egress anchored=PREFIX            the edge sends to it (this is what is not named, too)
                  --rate-out RATE  --rate-in RATE     of each VM, 100kbit to 1000gbit: more is delayed
                  --subnet PREFIX                     where its VMs get their addresses from
                  --clear allow|deny|egress|rate|subnet

                The most specific rule decides: the longest prefix, then ports, then a protocol. What no rule names may be
                reached, but for the metadata service, the hosts, their underlay and the fleet store.

                  godwit net create ci-main --deny 10.0.0.0/8 --allow 10.1.2.0/24:tcp:443,8000-8100
                  godwit net set ci-main --egress local=151.101.0.0/16 --rate-out 100mbit
                """;
            case "net rm" -> """
                godwit net rm PROJECT
                Removes a project's network, which must have no VM. The default one goes back to what it was at first.

                  godwit net rm ci-main
                """;
            case "net flows" -> """
                godwit net flows VM [--follow] [--json]
                What happened to a VM's flows (opened, closing, reset, denied and why): the newest, and with --follow what
                happens from now on, through moves.

                  godwit net flows build-7 --follow
                """;
            case "net capture" -> """
                godwit net capture VM -w FILE [--seconds 60] [--packets 100000] [--snap BYTES]
                Writes a VM's packets into a pcap file, as they pass its tap and before any rule, until a bound, Ctrl-C, or
                until the VM leaves its host. -w - is standard output.

                  godwit net capture build-7 -w - | tcpdump -nr -
                """;
            case "net drops" -> """
                godwit net drops [--all] [--json]
                What the hosts' data planes have dropped and why, and what they passed and how. --all: what never happened too.

                  godwit net drops
                """;
            case "drain" -> """
                godwit drain [HOST] [--deadline-seconds N]
                Moves all VMs away from the host that answers, or from another one, and prints the plan.

                  godwit drain host-a --deadline-seconds 30
                """;
            case "events" -> """
                godwit events [--all] [--after ID[,ID]...] [--vm ID] [--count N]
                Follows what happens on all hosts, from now on, or from their first events (--all), or after the events
                named.

                  godwit --json events --after host-a.17
                """;
            case "move show" -> """
                godwit move show ID
                A move's record: its states with times, bytes, blackout.

                  godwit move show host-a.3
                """;
            case "move list" -> """
                godwit move list
                The moves that the hosts remember.

                  godwit move list
                """;
            case "net publish" -> """
                godwit net publish VM PUBLIC:PORT [--udp]
                Lets port PUBLIC of the fleet's public address lead to port PORT of the VM, wherever the VM is and moves
                to. With --udp it is a UDP port, else TCP. A port that leads to another VM is refused.

                  godwit net publish build-7 8080:80
                """;
            case "net unpublish" -> """
                godwit net unpublish VM PUBLIC [--udp]
                Lets a public port lead to the VM no more. Connections that are open go on.

                  godwit net unpublish build-7 8080
                """;
            case "net ports" -> """
                godwit net ports VM
                The public ports that lead to a VM.

                  godwit net ports build-7
                """;
            default -> {
                int space = command.indexOf(' ');
                yield switch (space < 0 ? command : command.substring(0, space)) {
                    case "vm" -> VM;
                    case "image" -> IMAGE;
                    case "host" -> HOST;
                    case "pki" -> PKI;
                    case "net" -> NET;
                    case "move" -> MOVE;
                    default -> ALL;
                };
            }
        };
    }
}

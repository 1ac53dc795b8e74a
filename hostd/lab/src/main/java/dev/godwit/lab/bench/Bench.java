package dev.godwit.lab.bench;

import java.util.Arrays;

/** {@code script/bench NAME}: runs one bench, which prints its document. */
public final class Bench {
    private static final String USAGE = """
            usage: script/bench NAME [--json FILE] [more]
              cli    the godwit command and an idle hostd against what one would type instead
              jenkins  agents of the Jenkins cloud from the queue to their connection (a main class of its own)
              move   moves of a VM between two hosts against plain QEMU's stop and copy
              net    the data plane to a VM against plain routing, a VXLAN tunnel and a HAProxy relay
              nbd    the NBD server against qemu-nbd and nbdkit, over random and sequential reads and writes
              wire   the peer wire against a bare socket and zstd | socat
            """;

    private Bench() {}

    /** Exit 0 when printed, 1 on error, 2 on wrong usage. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 0) {
            System.err.print(USAGE);
            System.exit(2);
        }
        String[] rest = Arrays.copyOfRange(arguments, 1, arguments.length);
        switch (arguments[0]) {
            case "--list" -> System.out.println("cli\njenkins\nmove\nnet\nnbd\nwire");
            case "cli" -> CliBench.main(rest);
            case "move" -> MoveBench.main(rest);
            case "net" -> NetBench.main(rest);
            case "nbd" -> NbdBench.main(rest);
            case "wire" -> WireBench.main(rest);
            default -> {
                System.err.print("there is no bench \"" + arguments[0] + "\"\n" + USAGE);
                System.exit(2);
            }
        }
    }
}

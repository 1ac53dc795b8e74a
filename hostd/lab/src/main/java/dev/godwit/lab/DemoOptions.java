package dev.godwit.lab;

import java.nio.file.Path;

/**
 * What {@code script/demo} was asked for.
 *
 * @param hops 1 to 20: how often the VM moves
 * @param vcpus 1 or 2
 * @param report folder of the report
 * @param keep whether the lab stays afterwards
 */
public record DemoOptions(String scenario, int hops, int vcpus, Path report, boolean keep) {
    static final String USAGE = "usage: script/demo [--scenario " + String.join("|", Scenario.NAMES)
            + "] [--hops N] [--vcpus 1|2] [--report DIR] [--keep]";

    public DemoOptions {
        if (Scenario.named(scenario).isEmpty()) {
            throw new IllegalArgumentException(
                    "scenario '" + scenario + "' is unknown; there is " + String.join(", ", Scenario.NAMES));
        }
        if (hops < 1 || hops > 20) {
            throw new IllegalArgumentException("--hops " + hops + " is not between 1 and 20");
        }
        if (vcpus < 1 || vcpus > 2) {
            throw new IllegalArgumentException("--vcpus " + vcpus + " is neither 1 nor 2");
        }
    }

    /**
     * Reads the command line.
     *
     * @throws IllegalArgumentException with a sentence for the user
     */
    static DemoOptions parse(String[] args) {
        String scenario = "build";
        int hops = 1;
        int vcpus = 1;
        Path report = Path.of("build/demo");
        boolean keep = false;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--keep" -> keep = true;
                case "--scenario" -> scenario = value(args, ++i);
                case "--hops" -> hops = number(args, ++i);
                case "--vcpus" -> vcpus = number(args, ++i);
                case "--report" -> report = Path.of(value(args, ++i));
                default -> throw new IllegalArgumentException("'" + args[i] + "' is unknown");
            }
        }
        return new DemoOptions(scenario, hops, vcpus, report, keep);
    }

    private static String value(String[] args, int index) {
        if (index >= args.length) {
            throw new IllegalArgumentException(args[index - 1] + " needs a value");
        }
        return args[index];
    }

    private static int number(String[] args, int index) {
        String text = value(args, index);
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(args[index - 1] + " " + text + " is not a whole number", e);
        }
    }
}

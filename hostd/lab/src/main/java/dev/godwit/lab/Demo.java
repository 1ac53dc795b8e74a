package dev.godwit.lab;

import dev.godwit.lab.report.DemoReport;
import dev.godwit.lab.report.ReportFiles;
import dev.godwit.lab.report.TerminalTimeline;
import java.io.IOException;

/**
 * {@code script/demo}: shows that a running build survives the loss of its machine. Exit status 0 verified, 1 a check
 * failed, 2 usage, 3 could not set up.
 */
public final class Demo {
    private static final int VERIFIED = 0;
    private static final int CHECK_FAILED = 1;
    private static final int USAGE = 2;
    private static final int NOT_SET_UP = 3;

    private Demo() {}

    public static void main(String[] args) throws IOException {
        DemoOptions options;
        try {
            options = DemoOptions.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println("script/demo: " + e.getMessage() + "\n" + DemoOptions.USAGE);
            System.exit(USAGE);
            return;
        }
        System.exit(run(options));
    }

    private static int run(DemoOptions options) throws IOException {
        Scenario scenario = Scenario.named(options.scenario()).orElseThrow();
        Findings findings = new Findings(options, scenario.checks());
        boolean wasSet = play(scenario, options, findings);
        DemoReport report = findings.report();
        ReportFiles.write(options.report(), report, findings.picture());
        System.out.println();
        System.out.print(TerminalTimeline.of(report));
        System.out.println("report: "
                + options.report().resolve("report.html").toAbsolutePath().normalize());
        if (report.verified()) {
            return VERIFIED;
        }
        return wasSet ? CHECK_FAILED : NOT_SET_UP;
    }

    /** Whether the lab, its hosts, the image and the VM came up. */
    private static boolean play(Scenario scenario, DemoOptions options, Findings findings) throws IOException {
        boolean wasSet = false;
        try (Stage stage = Stage.open(options, findings, DistFiles.ofProperty(), DistFiles.caches(), System.out)) {
            try {
                scenario.play(stage);
            } finally {
                wasSet = stage.wasSet();
            }
        } catch (LabException e) {
            findings.failed(String.valueOf(e.getMessage()));
        } catch (IOException | RuntimeException e) {
            findings.failed(e.toString());
            e.printStackTrace();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            findings.failed("interrupted");
        }
        return wasSet;
    }
}

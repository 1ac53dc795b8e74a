import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Prints what a test run came to: failures, skips with their reasons, the ten slowest, and the closing line. Reads the
 * surefire reports of every module and a TSV of other results ({@code group, name, passed|failed, seconds, detail}).
 */
final class TestSummary {
    record Result(String id, String outcome, double seconds, String detail) {}

    record AllowedSkip(String probe, String why) {}

    public static void main(String[] args) throws Exception {
        Path root = Path.of(args[0]);
        List<Result> results = new ArrayList<>();
        try (var files = Files.walk(root.resolve("hostd"))) {
            for (Path report : files.filter(TestSummary::isReport).sorted().toList()) {
                results.addAll(read(root, report));
            }
        }
        results.addAll(readTable(Path.of(args[1])));
        System.exit(print(results, allowedSkips(root.resolve("script/skips.txt"))) ? 0 : 1);
    }

    private static boolean isReport(Path path) {
        return path.getFileName().toString().matches("TEST-.*\\.xml")
                && path.getParent().getFileName().toString().equals("surefire-reports");
    }

    private static List<Result> read(Path root, Path report) throws Exception {
        String module = root.relativize(report).getName(1).toString();
        NodeList cases = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(report.toFile())
                .getElementsByTagName("testcase");
        List<Result> results = new ArrayList<>();
        for (int i = 0; i < cases.getLength(); i++) {
            Element test = (Element) cases.item(i);
            String name = test.getAttribute("classname").replaceFirst("^.*\\.", "") + "." + test.getAttribute("name");
            double seconds = Double.parseDouble(test.getAttribute("time").replace(",", ""));
            Element bad = first(test, "failure", "error");
            Element skipped = first(test, "skipped");
            String outcome = bad != null ? "failed" : skipped != null ? "skipped" : "passed";
            Element why = bad != null ? bad : skipped;
            results.add(new Result(module + ":" + name, outcome, seconds, why == null ? "" : oneLine(why.getAttribute("message"))));
        }
        return results;
    }

    private static Element first(Element parent, String... tags) {
        for (String tag : tags) {
            NodeList found = parent.getElementsByTagName(tag);
            if (found.getLength() > 0) {
                return (Element) found.item(0);
            }
        }
        return null;
    }

    private static List<Result> readTable(Path table) throws IOException {
        List<Result> results = new ArrayList<>();
        if (Files.exists(table)) {
            for (String line : Files.readAllLines(table)) {
                String[] cells = line.split("\t", -1);
                results.add(new Result(cells[0] + ":" + cells[1], cells[2], Double.parseDouble(cells[3]), cells[4]));
            }
        }
        return results;
    }

    private static Map<String, AllowedSkip> allowedSkips(Path file) throws IOException {
        Map<String, AllowedSkip> allowed = new HashMap<>();
        for (String line : Files.readAllLines(file)) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            String[] cells = line.split("\t", -1);
            if (cells.length != 3) {
                throw new IOException(file + " needs test-id<TAB>probe<TAB>why, but has: " + line);
            }
            allowed.put(cells[0], new AllowedSkip(cells[1], cells[2]));
        }
        return allowed;
    }

    private static boolean print(List<Result> results, Map<String, AllowedSkip> allowed) throws Exception {
        List<Result> failed = results.stream().filter(r -> r.outcome().equals("failed")).toList();
        List<Result> skipped = results.stream().filter(r -> r.outcome().equals("skipped")).toList();
        boolean good = failed.isEmpty() && results.size() > skipped.size();
        if (!failed.isEmpty()) {
            System.out.println("\nFailed:");
            failed.forEach(r -> System.out.println("  " + r.id() + "  " + r.detail()));
        }
        System.out.println("\nSkipped: " + (skipped.isEmpty() ? "none" : ""));
        for (Result skip : skipped) {
            AllowedSkip entry = allowed.getOrDefault(skip.id(), allowed.get(ofItsClass(skip.id())));
            String verdict = entry == null ? "NOT in script/skips.txt" : holds(entry.probe()) ? entry.why() : "its probe says that it can run here";
            good &= entry != null && holds(entry.probe());
            System.out.println("  " + skip.id() + "  " + skip.detail() + "  [" + verdict + "]");
        }
        System.out.println("\nTen slowest:");
        results.stream()
                .sorted(Comparator.comparingDouble(Result::seconds).reversed())
                .limit(10)
                .forEach(r -> System.out.printf("  %8.1f s  %s%n", r.seconds(), r.id()));
        long passed = results.size() - failed.size() - skipped.size();
        System.out.println();
        System.out.println(passed + " passed, " + failed.size() + " failed, " + skipped.size() + " skipped");
        return good;
    }

    /** The line that stands for all tests of a class: {@code module:Class.} */
    private static String ofItsClass(String id) {
        return id.substring(0, id.indexOf('.') + 1);
    }

    /** A skip stands only while its probe succeeds: the probe shows that the machine lacks what the test needs. */
    private static boolean holds(String probe) throws Exception {
        return new ProcessBuilder("sh", "-c", probe)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }

    private static String oneLine(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.length() > 200 ? line.substring(0, 200) + "…" : line;
    }
}

package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The image recipes that come with hostd: {@code images/NAME/build OUT_DIRECTORY}, run as they are. A request names one;
 * it never gives a path or a command.
 */
final class ImageRecipes {
    /** A first build downloads a Debian and packs it; minutes on a slow line, never an hour. */
    private static final Duration BUILD_TIMEOUT = Duration.ofMinutes(45);

    /** How apt, and what runs it, begin a line that says what went wrong; the first says why, those after it what follows. */
    private static final String APT_ERROR = "E: ";

    private final Path home;
    private final Duration timeout;

    /** @param home the folder that holds {@code images/} and {@code native/} */
    ImageRecipes(Path home) {
        this(home, BUILD_TIMEOUT);
    }

    ImageRecipes(Path home, Duration timeout) {
        this.home = home;
        this.timeout = timeout;
    }

    /** The script of a recipe, or the sentence that names those that there are. */
    Path script(String recipe) throws IOException {
        Path script = home.resolve("images").resolve(recipe).resolve("build");
        if (!recipe.matches("[a-z0-9][a-z0-9-]*") || !Files.isExecutable(script)) {
            throw new Refused(
                    ProblemCode.REFUSED, "There is no image recipe \"" + recipe + "\"; there are: " + names() + ".");
        }
        return script;
    }

    /**
     * Runs a recipe to its end.
     *
     * @param progress hears each line that the script says
     */
    void run(Path script, Path out, Consumer<String> progress) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(script.toString(), out.toString()).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("GODWIT_GUESTD", home.resolve("native/guestd").toString());
        Process process = builder.start();
        AtomicBoolean late = new AtomicBoolean();
        Thread watch = Thread.ofVirtual().name("recipe-time-out").start(() -> endWhenLate(process, late));
        String last = "it said nothing";
        String error = "";
        try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
            process.getOutputStream().close();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                last = line;
                error = error.isEmpty() && line.startsWith(APT_ERROR) ? line : error;
                progress.accept(line);
            }
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(script + " was interrupted", e);
        } finally {
            watch.interrupt();
            end(process);
        }
        if (late.get()) {
            throw new IOException(
                    script + " did not end within " + timeout.toSeconds() + " s and was ended; it said last: " + last);
        }
        if (process.exitValue() != 0) {
            throw new IOException(script + " failed with status " + process.exitValue() + ": " + last
                    + (error.isEmpty() || error.equals(last) ? "" : " (" + error + ")"));
        }
    }

    /** A download that stands says nothing and never ends. */
    private void endWhenLate(Process process, AtomicBoolean late) {
        try {
            if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                late.set(true);
                end(process);
            }
        } catch (InterruptedException over) {
            Thread.currentThread().interrupt();
        }
    }

    private static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    private String names() throws IOException {
        Path images = home.resolve("images");
        if (!Files.isDirectory(images)) {
            return "none in " + images;
        }
        try (Stream<Path> recipes = Files.list(images)) {
            List<String> names = recipes.filter(recipe -> Files.isExecutable(recipe.resolve("build")))
                    .map(recipe -> recipe.getFileName().toString())
                    .sorted()
                    .toList();
            return String.join(", ", names);
        }
    }
}

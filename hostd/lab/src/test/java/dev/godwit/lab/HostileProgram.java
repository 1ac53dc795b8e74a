package dev.godwit.lab;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** The program {@code hostile_guest}, compiled for any guest. */
final class HostileProgram {
    static final String PATH = "/root/hostile_guest";

    private HostileProgram() {}

    /** Its bytes. */
    static byte[] compiled() throws IOException {
        Path work = Files.createTempDirectory("godwit-hostile");
        Path source = work.resolve("hostile_guest.c");
        Path program = work.resolve("hostile_guest");
        try (InputStream text =
                Objects.requireNonNull(HostileProgram.class.getResourceAsStream("hostile_guest.c"), "the source")) {
            Files.copy(text, source);
            Command.of("gcc", "-O2", "-static", "-o", program.toString(), source.toString())
                    .run();
            return Files.readAllBytes(program);
        } finally {
            Files.deleteIfExists(source);
            Files.deleteIfExists(program);
            Files.delete(work);
        }
    }
}

package dev.godwit.lab.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes {@code report.json} and {@code report.html} into a folder. */
public final class ReportFiles {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private ReportFiles() {}

    /** The folder is made where it is missing; files of an earlier run are replaced. */
    public static void write(Path folder, DemoReport report, Picture picture) throws IOException {
        Files.createDirectories(folder);
        Files.write(folder.resolve("report.json"), JSON.writeValueAsBytes(report));
        Files.writeString(folder.resolve("report.html"), new HtmlPage(report, picture).text(), StandardCharsets.UTF_8);
    }
}

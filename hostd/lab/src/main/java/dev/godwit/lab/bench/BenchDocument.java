package dev.godwit.lab.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a bench found: a row at a time on the terminal, and all of it in a file. For one thread. */
public final class BenchDocument {
    private final String bench;
    private final BenchMachine machine;
    private final List<BenchRow> rows = new ArrayList<>();

    /** An empty one. */
    public BenchDocument(String bench, BenchMachine machine) {
        this.bench = bench;
        this.machine = machine;
    }

    /** Takes a row in and prints it. */
    public void add(BenchRow row) {
        rows.add(row);
        System.out.println(row.line());
    }

    /** Writes the document, where a file is wanted. */
    public void write(@Nullable Path json) throws IOException {
        if (json != null) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("bench", bench);
            document.put("machine", machine);
            document.put("rows", rows);
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(json.toFile(), document);
        }
    }
}

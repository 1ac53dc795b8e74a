package dev.godwit.jenkins;

import java.util.LinkedHashMap;
import java.util.Map;

/** Environment variables, one {@code NAME=value} a line. */
final class EnvironmentLines {
    private EnvironmentLines() {}

    /**
     * Reads the lines; empty ones say nothing.
     *
     * @throws IllegalArgumentException a line is not {@code NAME=value}, or a name occurs twice
     */
    static Map<String, String> parse(String text) {
        Map<String, String> variables = new LinkedHashMap<>();
        int number = 0;
        for (String line : text.split("\\R", -1)) {
            number++;
            if (line.isBlank()) {
                continue;
            }
            int equals = line.indexOf('=');
            String name = equals < 0 ? "" : line.substring(0, equals).strip();
            // The line itself may hold a secret: its number must do.
            if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
                throw new IllegalArgumentException("line " + number + " of the environment is not NAME=value");
            }
            if (variables.put(name, line.substring(equals + 1)) != null) {
                throw new IllegalArgumentException("line " + number + " of the environment sets " + name + " again");
            }
        }
        return variables;
    }
}

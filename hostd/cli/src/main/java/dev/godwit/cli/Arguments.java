package dev.godwit.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The words after a command, taken apart: {@code --name value}, {@code --name=value}, flags, and the rest. */
final class Arguments {
    private final List<String> words = new ArrayList<>();
    private final Map<String, List<String>> options = new HashMap<>();

    /** What stands after {@code --}. */
    private final List<String> rest = new ArrayList<>();

    private final String command;

    /**
     * Takes a command line apart.
     *
     * @param valued names of options that take a value
     * @param flags names of options that take none
     */
    Arguments(String command, List<String> line, Set<String> valued, Set<String> flags) throws Failure {
        this.command = command;
        for (int i = 0; i < line.size(); i++) {
            String word = line.get(i);
            if (word.equals("--")) {
                rest.addAll(line.subList(i + 1, line.size()));
                return;
            }
            if (!word.startsWith("--")) {
                words.add(word);
                continue;
            }
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (flags.contains(name) && equals < 0) {
                add(name, "true");
            } else if (!valued.contains(name)) {
                throw Failure.usage(command + " has no option " + word + "; see godwit " + command + " --help.");
            } else if (equals >= 0) {
                add(name, word.substring(equals + 1));
            } else if (i + 1 < line.size()) {
                add(name, line.get(++i));
            } else {
                throw Failure.usage("The option " + name + " of " + command + " needs a value.");
            }
        }
    }

    private void add(String name, String value) {
        options.computeIfAbsent(name, any -> new ArrayList<>()).add(value);
    }

    /** The words, of which there must be this many. */
    List<String> words(String... names) throws Failure {
        if (words.size() != names.length) {
            throw Failure.usage(
                    command + " takes " + (names.length == 0 ? "no words" : String.join(" ", names)) + ", not "
                            + (words.isEmpty() ? "nothing" : "\"" + String.join(" ", words) + "\"")
                            + "; see godwit " + command + " --help.");
        }
        return words;
    }

    int count() {
        return words.size();
    }

    List<String> rest() {
        return rest;
    }

    boolean flag(String name) {
        return options.containsKey(name);
    }

    List<String> all(String name) {
        return options.getOrDefault(name, List.of());
    }

    @Nullable
    String value(String name) throws Failure {
        List<String> values = all(name);
        if (values.size() > 1) {
            throw Failure.usage("The option " + name + " of " + command + " is given " + values.size() + " times.");
        }
        return values.isEmpty() ? null : values.get(0);
    }

    String needed(String name) throws Failure {
        String value = value(name);
        if (value == null) {
            throw Failure.usage(command + " needs " + name + "; see godwit " + command + " --help.");
        }
        return value;
    }

    int number(String name, int otherwise) throws Failure {
        String value = value(name);
        if (value == null) {
            return otherwise;
        }
        try {
            return Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw new Failure(Failure.USAGE, name + " " + value + " is not a whole number.", e);
        }
    }
}

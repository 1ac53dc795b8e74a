package dev.godwit.pki;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The words after a command: {@code --name value}, {@code --name=value}, and the rest. */
final class Words {
    private final String command;
    private final List<String> words = new ArrayList<>();
    private final Map<String, List<String>> options = new HashMap<>();

    Words(String command, List<String> line, List<String> valued) {
        this.command = command;
        for (int i = 0; i < line.size(); i++) {
            String word = line.get(i);
            if (!word.startsWith("--")) {
                words.add(word);
                continue;
            }
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (!valued.contains(name)) {
                throw new IllegalArgumentException(command + " has no option " + word);
            }
            if (equals < 0 && i + 1 == line.size()) {
                throw new IllegalArgumentException("the option " + name + " of " + command + " needs a value");
            }
            options.computeIfAbsent(name, any -> new ArrayList<>())
                    .add(equals < 0 ? line.get(++i) : word.substring(equals + 1));
        }
    }

    /** The one word. */
    String word(String name) {
        if (words.size() != 1) {
            throw new IllegalArgumentException(
                    command + " takes one word, " + name + ", not \"" + String.join(" ", words) + "\"");
        }
        return words.getFirst();
    }

    void none() {
        if (!words.isEmpty()) {
            throw new IllegalArgumentException(command + " takes no words, not \"" + String.join(" ", words) + "\"");
        }
    }

    List<String> all(String name) {
        return options.getOrDefault(name, List.of());
    }

    Optional<String> option(String name) {
        if (all(name).size() > 1) {
            throw new IllegalArgumentException("the option " + name + " of " + command + " is given more than once");
        }
        return all(name).stream().findFirst();
    }

    String needed(String name) {
        return option(name).orElseThrow(() -> new IllegalArgumentException(command + " needs " + name));
    }

    static int number(String name, String value) {
        try {
            return Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + " " + value + " is not a whole number", e);
        }
    }
}

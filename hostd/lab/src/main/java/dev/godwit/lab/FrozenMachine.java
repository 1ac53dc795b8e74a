package dev.godwit.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Every process of a machine stopped with SIGSTOP, as a hypervisor stops a whole machine; the kernel below, with its
 * devices and programs, goes on. For one thread.
 */
final class FrozenMachine {
    /** Each look finds what the look before had not stopped yet; a machine has some ten processes. */
    private static final int LOOKS_MAX = 50;

    private final HostNamespaces machine;

    private FrozenMachine(HostNamespaces machine) {
        this.machine = machine;
    }

    /** Stops all; returns when none runs. */
    static FrozenMachine freeze(HostNamespaces machine) {
        for (int look = 0; look < LOOKS_MAX; look++) {
            List<Long> running = processes(machine).entrySet().stream()
                    .filter(process -> process.getValue() != 'T' && process.getValue() != 'Z')
                    .map(Map.Entry::getKey)
                    .toList();
            if (running.isEmpty()) {
                return new FrozenMachine(machine);
            }
            signal("STOP", running);
        }
        throw new LabException("the processes of " + machine.name() + " can't be stopped: " + processes(machine));
    }

    /** Lets all go on. */
    void thaw() {
        signal("CONT", List.copyOf(processes(machine).keySet()));
    }

    /** The machine's processes as the lab numbers them, with the letter of each one's state. */
    static Map<Long, Character> processes(HostNamespaces machine) {
        Map<Long, Character> found = new TreeMap<>();
        Path namespace = Path.of("/proc/" + machine.initPid() + "/ns/pid");
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            List<Path> processes = all.filter(
                            path -> path.getFileName().toString().matches("[0-9]+"))
                    .toList();
            for (Path process : processes) {
                try {
                    if (Files.isSameFile(process.resolve("ns/pid"), namespace)) {
                        String stat = Files.readString(process.resolve("stat"));
                        char state = stat.charAt(stat.lastIndexOf(')') + 2);
                        found.put(Long.parseLong(process.getFileName().toString()), state);
                    }
                } catch (IOException e) {
                    found.remove(Long.parseLong(process.getFileName().toString())); // it has ended meanwhile
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void signal(String name, List<Long> processes) {
        List<String> argv = new ArrayList<>(List.of("kill", "-" + name));
        processes.forEach(pid -> argv.add(Long.toString(pid)));
        Command.of(argv).tryRun(); // one of them may have ended meanwhile
    }
}

package dev.godwit.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The processes of one VM: its VMM's user is this VM's alone, so they are known by it, also where a hostd was killed before
 * it wrote their numbers down. Source: proc(5).
 *
 * @param uid the VMM's user
 */
record VmProcesses(String vmId, int uid) {
    /** Those that live; what has ended and was not waited for is none. */
    List<ProcessHandle> living() throws IOException {
        List<ProcessHandle> living = new ArrayList<>();
        for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
            Path entry = Path.of("/proc", Long.toString(process.pid()));
            try {
                if (Files.getAttribute(entry, "unix:uid").equals(uid) && !hasEnded(entry)) {
                    living.add(process);
                }
            } catch (NoSuchFileException e) {
                continue; // it ended by itself
            }
        }
        return living;
    }

    private static boolean hasEnded(Path entry) throws IOException {
        String stat;
        try {
            stat = Files.readString(entry.resolve("stat"));
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException e) {
            // ESRCH while it goes; any other trouble is no proof of an end
            return !Files.exists(entry);
        }
        int state = stat.lastIndexOf(')') + 2;
        return state < stat.length() && (stat.charAt(state) == 'Z' || stat.charAt(state) == 'X');
    }

    /** Kills them, and returns when they are gone. */
    void end(Duration grace) throws IOException {
        for (ProcessHandle process : living()) {
            process.destroyForcibly();
            try {
                process.onExit().get(grace.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("hostd stops; process " + process.pid() + " of vm " + vmId + " was killed", e);
            } catch (ExecutionException | TimeoutException e) {
                throw new IOException("process " + process.pid() + " of vm " + vmId + " could not be ended", e);
            }
        }
    }
}

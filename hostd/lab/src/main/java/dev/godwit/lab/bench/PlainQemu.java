package dev.godwit.lab.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.godwit.guest.GuestChannel;
import dev.godwit.lab.Patience;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A QEMU process as one would start it by hand, with a monitor and the channel to guestd. For one thread. */
final class PlainQemu implements AutoCloseable {
    private static final Duration START_MAX = Duration.ofSeconds(30);
    private static final Duration END_MAX = Duration.ofSeconds(10);
    /** Short against what is waited for, so that the wait is no part of the figure. */
    private static final Duration LOOK_EVERY = Duration.ofNanos(200_000);

    private static final Duration STATE_MAX = Duration.ofMinutes(1);

    private final Process process;
    private final QmpSession qmp;
    private final GuestChannel guest;

    private PlainQemu(Process process, QmpSession qmp, GuestChannel guest) {
        this.process = process;
        this.qmp = qmp;
        this.guest = guest;
    }

    /**
     * What it runs.
     *
     * @param image folder with {@code vmlinuz}, {@code initrd.img} and {@code manifest.json}
     * @param disk qcow2 over the image's disk
     */
    record Machine(String accelerator, int vcpus, int memoryMib, Path image, String kernelArguments, Path disk) {
        private List<String> command(Path monitor, Path channel, boolean incoming) {
            // It ends with the bench, also with one that is killed. Source: prctl(2), PR_SET_PDEATHSIG.
            List<String> words = new ArrayList<>(List.of("setpriv", "--pdeathsig", "KILL"));
            words.addAll(List.of("qemu-system-x86_64", "-nodefaults", "-display", "none"));
            words.addAll(List.of("-machine", "pc", "-accel", accelerator));
            words.addAll(List.of("-smp", Integer.toString(vcpus), "-m", memoryMib + "M"));
            words.addAll(List.of("-qmp", "unix:" + monitor + ",server=on,wait=off"));
            words.addAll(List.of("-chardev", "socket,id=guestd,server=on,wait=off,path=" + channel));
            words.addAll(List.of("-device", "virtio-serial-pci,max_ports=2"));
            words.addAll(List.of("-device", "virtserialport,chardev=guestd,name=org.godwit.guestd.0"));
            words.addAll(List.of("-drive", "if=virtio,format=qcow2,file=" + disk));
            words.addAll(List.of("-kernel", image.resolve("vmlinuz").toString()));
            words.addAll(List.of("-initrd", image.resolve("initrd.img").toString(), "-append", kernelArguments));
            if (incoming) {
                words.addAll(List.of("-incoming", "defer"));
            }
            return words;
        }
    }

    /** Starts it, and returns when its monitor answers. The thread must live as long as it. */
    static PlainQemu start(Machine machine, Path folder, String name, boolean incoming) throws IOException {
        Path monitor = folder.resolve(name + ".qmp");
        Path channel = folder.resolve(name + ".guestd");
        Path log = folder.resolve(name + ".log");
        Files.deleteIfExists(monitor);
        Files.deleteIfExists(channel);
        Process process = new ProcessBuilder(machine.command(monitor, channel, incoming))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            process.getOutputStream().close();
            QmpSession qmp = Patience.waitFor("the monitor of plain QEMU (its log is " + log + ")", START_MAX, () -> {
                try {
                    return process.isAlive() ? Optional.of(QmpSession.open(monitor)) : Optional.empty();
                } catch (IOException e) {
                    return Optional.empty(); // not listening yet: Patience says so if it lasts
                }
            });
            return new PlainQemu(process, qmp, GuestChannel.open(name, channel));
        } catch (IOException | RuntimeException failed) {
            process.destroyForcibly();
            throw failed;
        }
    }

    QmpSession qmp() {
        return qmp;
    }

    GuestChannel guest() {
        return guest;
    }

    /** Looks until the answer's {@code status} is the wanted one; an answer that says {@code failed} is an error. */
    JsonNode await(String query, String status) throws IOException {
        long until = System.nanoTime() + STATE_MAX.toNanos();
        while (true) {
            JsonNode answer = qmp.execute(query);
            String now = answer.path("status").asText();
            if (now.equals(status)) {
                return answer;
            }
            if (now.equals("failed") || System.nanoTime() > until) {
                throw new IOException(query + " of plain QEMU says " + answer + " instead of " + status);
            }
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
    }

    @Override
    public void close() throws IOException {
        guest.close();
        qmp.close();
        process.destroy();
        try {
            if (!process.waitFor(END_MAX.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException stop) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}

package dev.godwit.daemon;

import dev.godwit.api.Exec;
import dev.godwit.api.ExecEnd;
import dev.godwit.api.ExecOutput;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.ExecState;
import dev.godwit.api.ExecStreamName;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A command in a guest that exists only in memory, with rings and input as guestd has them. Programs: {@code echo WORDS},
 * {@code err WORDS}, {@code exit N}, {@code cat}, {@code wait} (until a signal), {@code count N MILLIS} (N numbered lines
 * on both streams, one each MILLIS), {@code flood BYTES}. Any script of {@code /bin/sh} is a Jenkins agent: it reads its secret,
 * says that it starts, and runs until a signal.
 */
final class FakeExec {
    static final int RING_BYTES = 256 * 1024;

    /** The last bytes of a stream. */
    private static final class Ring {
        private final ByteArrayOutputStream all = new ByteArrayOutputStream();
        private long first;
        private long read;
    }

    private final String id;
    private final String vm;
    private final ExecRequest request;
    private final Ring stdout = new Ring();
    private final Ring stderr = new Ring();
    private final ByteArrayOutputStream stdin = new ByteArrayOutputStream();
    private boolean stdinEnded;
    private int readers;
    private @Nullable Integer signal;
    private @Nullable ExecEnd end;

    FakeExec(String id, String vm, ExecRequest request) {
        this.id = id;
        this.vm = vm;
        this.request = request;
        Thread.ofVirtual().name("exec " + id).start(this::run);
    }

    private void run() {
        try {
            finish(new ExecEnd(program(), null));
        } catch (Signalled ended) {
            finish(new ExecEnd(null, ended.number));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Signalled extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final int number;

        Signalled(int number) {
            this.number = number;
        }
    }

    private int program() throws InterruptedException {
        List<String> argv = request.argv();
        String words = String.join(" ", argv.subList(1, argv.size()));
        switch (argv.get(0)) {
            case "echo" -> write(stdout, words + "\n");
            case "err" -> write(stderr, words + "\n");
            case "env" -> {
                for (String name : request.env().keySet().stream().sorted().toList()) {
                    write(stdout, name + "=" + request.env().get(name) + "\n");
                }
                write(stdout, "cwd=" + request.cwd() + " tty=" + request.tty() + "\n");
            }
            case "exit" -> {
                return Integer.parseInt(words);
            }
            case "cat" -> cat();
            case "wait" -> pause(Duration.ofMinutes(5));
            case "/bin/sh" -> {
                awaitInput();
                write(stdout, "godwit: the agent starts\n");
                pause(Duration.ofHours(1));
            }
            case "count" -> {
                for (int i = 0; i < Integer.parseInt(argv.get(1)); i++) {
                    write(stdout, "line " + i + "\n");
                    write(stderr, "note " + i + "\n");
                    pause(Duration.ofMillis(Integer.parseInt(argv.get(2))));
                }
            }
            case "flood" -> {
                byte[] piece = new byte[16 * 1024];
                for (long left = Long.parseLong(argv.get(1)); left > 0; left -= piece.length) {
                    Arrays.fill(piece, (byte) ('a' + (left / piece.length) % 26));
                    write(stdout, new String(piece, StandardCharsets.US_ASCII));
                }
            }
            default -> {
                write(stderr, argv.get(0) + ": not found\n");
                return 127;
            }
        }
        return 0;
    }

    private synchronized void cat() throws InterruptedException {
        int copied = 0;
        while (!stdinEnded || copied < stdin.size()) {
            byte[] all = stdin.toByteArray();
            write(stdout, new String(all, copied, all.length - copied, StandardCharsets.ISO_8859_1));
            copied = all.length;
            if (!stdinEnded) {
                wait(1000);
                check();
            }
        }
    }

    private synchronized void awaitInput() throws InterruptedException {
        while (!stdinEnded) {
            wait(1000);
            check();
        }
    }

    private synchronized void pause(Duration time) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        check();
        for (long left = time.toMillis(); left > 0; left = (end - System.nanoTime()) / 1_000_000) {
            wait(left);
            check();
        }
    }

    private void check() {
        if (signal != null) {
            throw new Signalled(signal);
        }
    }

    /** Waits for an attached reader as guestd does, drops the oldest where there is none. */
    private synchronized void write(Ring ring, String text) throws InterruptedException {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        check();
        while (readers > 0 && ring.all.size() + bytes.length - ring.read > RING_BYTES) {
            wait(1000);
            check();
        }
        ring.all.writeBytes(bytes);
        ring.first = Math.max(ring.first, ring.all.size() - RING_BYTES);
        notifyAll();
    }

    private synchronized void finish(ExecEnd how) {
        end = how;
        notifyAll();
    }

    synchronized void attach(long stdoutOffset, long stderrOffset) {
        refuseGone("stdout", stdout, stdoutOffset);
        refuseGone("stderr", stderr, stderrOffset);
        stdout.read = stdoutOffset;
        stderr.read = stderrOffset;
        readers++;
        notifyAll();
    }

    private static void refuseGone(String name, Ring ring, long offset) {
        if (offset < ring.first) {
            throw new Gone(
                    name + " from " + offset + " on was asked for; it is kept from " + ring.first + " on.", ring.first);
        }
        if (offset > ring.all.size()) {
            throw new IllegalArgumentException(name + " offset " + offset + " is past the end " + ring.all.size());
        }
    }

    synchronized void detach() {
        readers--;
        notifyAll();
    }

    /** A piece of one stream at its offset, else the end, else nothing within the wait. */
    synchronized ExecReader.Item next(long[] offsets, Duration wait, BooleanSupplier stop) throws InterruptedException {
        long deadline = System.nanoTime() + wait.toNanos();
        while (true) {
            Ring[] rings = {stdout, stderr};
            for (int i = 0; i < rings.length; i++) {
                if (rings[i].all.size() > offsets[i]) {
                    byte[] all = rings[i].all.toByteArray();
                    int length = (int) Math.min(64 * 1024, all.length - offsets[i]);
                    byte[] piece = Arrays.copyOfRange(all, (int) offsets[i], (int) offsets[i] + length);
                    ExecReader.Item item = new ExecReader.Output(
                            ExecOutput.of(i == 0 ? ExecStreamName.STDOUT : ExecStreamName.STDERR, offsets[i], piece));
                    offsets[i] += length;
                    rings[i].read = offsets[i];
                    notifyAll();
                    return item;
                }
            }
            if (end != null) {
                return new ExecReader.End(end);
            }
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0 || stop.getAsBoolean()) {
                return new ExecReader.Nothing();
            }
            wait(Math.min(left, 50));
        }
    }

    synchronized long feed(long offset, byte[] bytes, boolean ended) {
        if (offset > stdin.size()) {
            throw new IllegalArgumentException("input offset " + offset + " is past " + stdin.size());
        }
        int known = (int) Math.min(bytes.length, stdin.size() - offset);
        stdin.write(bytes, known, bytes.length - known);
        stdinEnded |= ended;
        notifyAll();
        return stdin.size();
    }

    synchronized void signal(String name) {
        signal = switch (name) {
            case "INT" -> 2;
            case "KILL" -> 9;
            case "TERM" -> 15;
            default -> throw new IllegalArgumentException("there is no signal \"" + name + "\"");
        };
        notifyAll();
    }

    synchronized Exec record() {
        return new Exec(
                id,
                vm,
                request.argv(),
                end == null ? ExecState.RUNNING : ExecState.EXITED,
                end == null ? null : end.exit(),
                end == null ? null : end.signal(),
                stdout.all.size(),
                stderr.all.size());
    }

    String vm() {
        return vm;
    }

    synchronized int readers() {
        return readers;
    }

    synchronized byte[] output() {
        return stdout.all.toByteArray();
    }

    synchronized byte[] errorOutput() {
        return stderr.all.toByteArray();
    }
}

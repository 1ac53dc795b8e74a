package dev.godwit.lab.bench;

import dev.godwit.lab.DistFiles;
import dev.godwit.lab.HostNamespaces;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A VM without a guest: the program {@code shuttle} joins a device in the VM's namespace to taps of hosts, a process for
 * each VMM, and treats frames around a move as QEMU does. For one thread.
 */
final class ShuttlePlug implements AutoCloseable {
    private final Process shuttle;
    private final BufferedReader answers;
    private final Writer orders;

    private ShuttlePlug(Process shuttle) {
        this.shuttle = shuttle;
        this.answers = shuttle.inputReader(StandardCharsets.UTF_8);
        this.orders = shuttle.outputWriter(StandardCharsets.UTF_8);
    }

    /** @param device that is made in the VM's namespace */
    static ShuttlePlug of(DistFiles dist, HostNamespaces vm, String device) throws IOException {
        ShuttlePlug plug =
                new ShuttlePlug(new ProcessBuilder(List.of(dist.probe("shuttle").toString(), namespace(vm), device))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start());
        plug.answer("begin");
        return plug;
    }

    /** Starts a VMM that holds a tap of a host and waits for the VM's state; its PID. */
    long start(String vmm, HostNamespaces host, String tap) throws IOException {
        return Long.parseLong(order("start " + vmm + " " + namespace(host) + " " + tap));
    }

    /** The VMM has the guest: frames go both ways. */
    void run(String vmm) throws IOException {
        order("run " + vmm);
    }

    /** The VMM's guest is paused. */
    void stop(String vmm) throws IOException {
        order("stop " + vmm);
    }

    void end(String vmm) throws IOException {
        order("end " + vmm);
    }

    private String order(String order) throws IOException {
        orders.write(order + "\n");
        orders.flush();
        return answer(order);
    }

    private String answer(String order) throws IOException {
        String line = answers.readLine();
        if (line == null || !line.startsWith("ok")) {
            throw new IOException("the shuttle said '" + line + "' to '" + order + "'");
        }
        return line.substring("ok".length()).strip();
    }

    private static String namespace(HostNamespaces machine) {
        return "/proc/" + machine.initPid() + "/ns/net";
    }

    @Override
    public void close() {
        shuttle.destroyForcibly();
    }
}

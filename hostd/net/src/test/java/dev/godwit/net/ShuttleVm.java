package dev.godwit.net;

import dev.godwit.linux.Pidfd;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A VM without a guest: a namespace behind a tap, joined to the taps of hosts by {@code native/probes/shuttle}, one
 * process for each VMM, which treats frames around a move as QEMU does.
 */
final class ShuttleVm implements AutoCloseable {
    static final String TAP = "gwvm";
    private static final String GUEST_DEVICE = "eth0";
    /** The underlay. */
    private static final List<Prefix> GUARDED =
            List.of(Prefix.parse("10.93.0.0/24"), Prefix.parse("10.94.0.0/24"), Prefix.parse("10.95.0.0/24"));

    private final TestNamespace guest;
    private final Process shuttle;
    private final BufferedReader answers;
    private final PrintWriter commands;
    private final int number;

    /** A VMM of the VM at one host. */
    record Vmm(String name, Pidfd process, ShuttleVm vm) implements AutoCloseable {
        void run() throws IOException {
            vm.tell("run " + name);
        }

        void stop() throws IOException {
            vm.tell("stop " + name);
        }

        /** The guest goes on, but takes nothing that comes for it. */
        void busy() throws IOException {
            vm.tell("busy " + name);
        }

        @Override
        public void close() {
            try {
                vm.tell("end " + name);
            } catch (IOException gone) {
                // It was killed.
            }
            process.close();
        }
    }

    private ShuttleVm(int number, TestNamespace guest, Process shuttle) {
        this.number = number;
        this.guest = guest;
        this.shuttle = shuttle;
        this.answers = shuttle.inputReader();
        this.commands = new PrintWriter(shuttle.outputWriter(), true);
    }

    /** A VM of a number between 1 and 250; nothing of it runs. */
    static ShuttleVm create(int number) throws IOException {
        TestNamespace guest = TestNamespace.create("vm" + number);
        Path program = Path.of(System.getProperty("godwit.root"), "dist/native/probes/shuttle");
        Process shuttle = new ProcessBuilder(program.toString(), guest.file().toString(), GUEST_DEVICE)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        ShuttleVm vm = new ShuttleVm(number, guest, shuttle);
        vm.answer("start");
        guest.ip("""
                link set %1$s address %2$s mtu %3$d txqueuelen 10000
                link set %1$s up
                address add %4$s/32 dev %1$s
                route add default via 169.254.1.1 dev %1$s onlink
                address add %5$s/128 dev %1$s nodad
                route add default via fe80::1 dev %1$s
                """.formatted(
                        GUEST_DEVICE,
                        vm.mac(),
                        VmPortSpec.MTU,
                        vm.v4().getHostAddress(),
                        vm.v6().getHostAddress()));
        return vm;
    }

    TestNamespace guest() {
        return guest;
    }

    MacAddress mac() {
        return MacAddress.of(new byte[] {2, 0, 0, 0, 7, (byte) number});
    }

    InetAddress v4() {
        return Addresses.literal("10.200.0." + number);
    }

    InetAddress v6() {
        return Addresses.literal("fd77::" + Integer.toHexString(number));
    }

    List<InetAddress> addresses() {
        return List.of(v4(), v6());
    }

    VmPortSpec port() {
        return new VmPortSpec(
                "vm-" + number,
                RoutedFleet.VNI,
                mac(),
                addresses(),
                TAP + number,
                0,
                VmPortSpec.MTU,
                VmPortSpec.QUEUE_FRAMES,
                Policy.standard(GUARDED),
                Optional.empty(),
                Optional.empty());
    }

    /** Starts a VMM that holds its tap at a host and waits for the VM's state. */
    Vmm startVmm(TestNamespace host) throws IOException {
        String name = host.name();
        String pid = tell("start " + name + " " + host.file() + " " + TAP + number);
        return new Vmm(name, Pidfd.open(Long.parseLong(pid)), this);
    }

    private synchronized String tell(String command) throws IOException {
        commands.println(command);
        return answer(command);
    }

    private String answer(String command) throws IOException {
        String line = answers.readLine();
        if (line == null || !line.startsWith("ok")) {
            throw new IOException("shuttle, asked to " + command + ", said: " + line);
        }
        return line.substring(2).strip();
    }

    @Override
    public void close() {
        commands.close();
        shuttle.destroyForcibly();
        guest.close();
    }
}

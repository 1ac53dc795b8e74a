package dev.godwit.vmm.qemu;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.CpuTemplate;
import dev.godwit.vmm.VmmLauncher;
import dev.godwit.vmm.VmmSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The command line of a VM's QEMU. Source and target of a move get the same one but for paths and {@code -incoming}: device
 * ids and PCI addresses are part of the device state.
 */
final class QemuCommandLine {
    /**
     * Cache of translated guest code. The default, a quarter of the machine's RAM, was seen to make a 512 MiB guest 945
     * MiB large; a compiler's hot code fits in this.
     */
    static final int TCG_CACHE_MIB = 128;

    /** Guest kernel: console on the serial port; no page-table isolation, since a CI guest trusts itself. */
    private static final String KERNEL_ARGUMENTS =
            "console=ttyS0 quiet loglevel=3 panic=1 mitigations=off random.trust_cpu=on";

    /**
     * Under emulation the guest's TSC is the host's: it ticks differently elsewhere, and a guest that is not scheduled for a
     * moment while it measures the TSC's frequency has a clock that runs wrong for life (seen on a busy machine: 2.8 times
     * too fast). The ACPI timer is QEMU's own clock. Under KVM the kernel takes kvm-clock by itself.
     */
    private static final String EMULATED_CLOCK = " clocksource=acpi_pm";

    /**
     * What the guest's disk waits for a hostd that is away before it fails the requests it holds: longer than the fleet waits
     * for it. QEMU asks again after 1, 2, 4, 8 and then each 16 s.
     */
    private static final Duration NBD_RECONNECT = Duration.ofMinutes(11);
    /** A hostd that starts a VM has its NBD server up. */
    private static final Duration NBD_OPEN = Duration.ofSeconds(10);

    /** The disk's device. */
    static final String DISK = "disk0";

    static final String SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

    private static final ObjectMapper JSON = new ObjectMapper();

    private QemuCommandLine() {}

    /**
     * Program and arguments.
     *
     * @throws IllegalArgumentException a path that QEMU can't be told
     */
    static List<String> of(Path qemu, String machineType, CpuTemplate cpu, VmmSpec spec, RunDirectory run) {
        List<String> words = new ArrayList<>(List.of(qemu.toString(), "-nodefaults", "-no-user-config"));
        option(words, "-display", "none");
        option(words, "-name", name(spec.vmId()));
        option(words, "-sandbox", SANDBOX);
        option(
                words,
                "-machine",
                machineType + ",memory-backend=ram,suppress-vmdesc=on,usb=off,vmport=off,hpet=off"
                        + ",dump-guest-core=off,mem-merge=off");
        option(words, "-accel", accelerator(spec.accelerator()));
        option(words, "-cpu", cpu(cpu));
        option(words, "-smp", Integer.toString(spec.vcpus()));
        option(words, "-m", spec.memoryMib() + "M");
        option(
                words,
                "-object",
                "memory-backend-file,id=ram,size=" + spec.memoryMib() + "M,mem-path=" + plain(spec.ramFile())
                        + ",share=on,prealloc=off");
        option(words, "-global", "apic-common.vapic=off");
        option(words, "-global", "PIIX4_PM.disable_s3=1");
        option(words, "-global", "PIIX4_PM.disable_s4=1");
        monitor(words, "qmp", run.commandSocket());
        monitor(words, "watchdog", run.watchdogSocket());
        option(words, "-chardev", "file,id=console,append=on,path=" + plain(run.console()));
        option(words, "-serial", "chardev:console");
        option(words, "-chardev", server("guestd", run.guestSocket()));
        // Every queue with an eventfd costs a resume 0.1 ms: with the default 31 ports a resume took 10 ms longer.
        option(words, "-device", "virtio-serial-pci,id=serial0,max_ports=2,ioeventfd=off,addr=0x3");
        option(words, "-device", "virtserialport,id=guestd0,bus=serial0.0,chardev=guestd,name=org.godwit.guestd.0");
        option(words, "-object", "rng-random,id=rng0,filename=/dev/urandom");
        option(words, "-device", "virtio-rng-pci,id=random0,rng=rng0,ioeventfd=off,addr=0x4");
        option(words, "-blockdev", disk(spec));
        option(words, "-device", "virtio-blk-pci,id=" + DISK + ",drive=disk,addr=0x5,werror=stop,rerror=stop");
        VmmSpec.TapSpec tap = spec.tap();
        if (tap != null) {
            option(words, "-netdev", "tap,id=net0,fd=" + VmmLauncher.TAP_DESCRIPTOR + ",vhost=off");
            option(words, "-device", "virtio-net-pci,id=nic0,netdev=net0,addr=0x6,romfile=,mac=" + tap.mac());
        }
        option(words, "-kernel", plain(spec.kernel()));
        option(words, "-initrd", plain(spec.initrd()));
        option(words, "-append", kernelArguments(spec));
        if (spec.incoming()) {
            option(words, "-incoming", "defer");
        }
        TrackableDevices.check(words);
        return List.copyOf(words);
    }

    /** What {@code -name} says; it tells a VM's process from all others. */
    static String name(String vmId) {
        return "guest=" + vmId;
    }

    static String cpu(CpuTemplate template) {
        StringBuilder text = new StringBuilder(template.model()).append(",enforce");
        template.flags().forEach(flag -> text.append(',').append(flag));
        return text.toString();
    }

    static String accelerator(Accelerator accelerator) {
        return switch (accelerator) {
            case KVM -> "kvm";
            case TCG -> "tcg,thread=multi,tb-size=" + TCG_CACHE_MIB;
        };
    }

    private static String kernelArguments(VmmSpec spec) {
        String clock = spec.accelerator() == Accelerator.TCG ? EMULATED_CLOCK : "";
        return (KERNEL_ARGUMENTS + clock + " " + spec.kernelArguments()).strip();
    }

    private static String disk(VmmSpec spec) {
        ObjectNode raw = JSON.createObjectNode()
                .put("driver", "raw")
                .put("node-name", "disk")
                .put("discard", "unmap")
                .put("detect-zeroes", "unmap");
        raw.putObject("cache").put("direct", true).put("no-flush", false);
        ObjectNode nbd = raw.putObject("file")
                .put("driver", "nbd")
                .put("node-name", "disk-nbd")
                .put("export", spec.nbdExport())
                .put("reconnect-delay", NBD_RECONNECT.toSeconds())
                .put("open-timeout", NBD_OPEN.toSeconds());
        nbd.putObject("server").put("type", "unix").put("path", spec.nbdSocket().toString());
        return raw.toString();
    }

    private static void monitor(List<String> words, String id, Path socket) {
        option(words, "-chardev", server(id, socket));
        option(words, "-mon", "mode=control,chardev=" + id);
    }

    private static String server(String id, Path socket) {
        return "socket,id=" + id + ",server=on,wait=off,path=" + plain(socket);
    }

    /** A comma ends an option's value. */
    private static String plain(Path path) {
        if (path.toString().contains(",") || !path.isAbsolute()) {
            throw new IllegalArgumentException(
                    "QEMU can't be given the path " + path + ": it must be absolute and hold no comma");
        }
        return path.toString();
    }

    private static void option(List<String> words, String option, String value) {
        words.add(option);
        words.add(value);
    }
}

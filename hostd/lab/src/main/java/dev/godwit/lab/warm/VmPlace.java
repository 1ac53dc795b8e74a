package dev.godwit.lab.warm;

import dev.godwit.guest.ResumeRequest;
import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.CpuTemplate;
import dev.godwit.vmm.VmmSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where one VM has its things, and who it is.
 *
 * @param number tells the VMs of one host apart, 1 to 250
 * @param directory its own, on any file system; its parents can be passed by every user
 * @param ramFile on a tmpfs
 */
record VmPlace(int number, Path directory, Path ramFile) {
    /** Far from the users of a real host's VMs and of the VMM's own tests. */
    private static final int FIRST_UID = 250_000;

    private static final int NUMBER_MAX = 250;

    VmPlace {
        if (number < 1 || number > NUMBER_MAX) {
            throw new IllegalArgumentException("VM number " + number + " is not between 1 and " + NUMBER_MAX);
        }
    }

    String id() {
        return "warm-" + ProcessHandle.current().pid() + "-" + number;
    }

    String hostname() {
        return "test-vm-" + number;
    }

    int uid() {
        return FIRST_UID + number;
    }

    Path diskFolder() {
        return directory.resolve("disk");
    }

    Path nbdSocket() {
        return directory.resolve("nbd.sock");
    }

    Path runDirectory() {
        return directory.resolve("run");
    }

    VmmSpec spec(GuestImage image, GuestShape shape, Accelerator accelerator, CpuTemplate cpu, boolean incoming) {
        return new VmmSpec(
                id(),
                shape.vcpus(),
                shape.memoryMib(),
                accelerator,
                cpu.name(),
                runDirectory(),
                ramFile,
                image.kernel(),
                image.initrd(),
                image.kernelArguments(),
                nbdSocket(),
                VmDisk.EXPORT,
                null,
                uid(),
                id(),
                incoming);
    }

    /** What guestd is told when this VM starts or goes on. */
    ResumeRequest identity() {
        return new ResumeRequest(hostname(), 1, Optional.empty());
    }

    /**
     * The command line of this VM's VMM without what differs from one start to the next: device ids, their order and all
     * options are part of what device state depends on, so two that differ must not share it.
     */
    String commandLine(long pid, GuestImage image) throws IOException {
        List<String> words =
                new ArrayList<>(List.of(Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.UTF_8)
                        .split("\0", -1)));
        words.removeAll(List.of("-incoming", "defer", ""));
        return String.join("\n", words)
                .replace(directory.toString(), "DIRECTORY")
                .replace(ramFile.toString(), "RAM")
                .replace(image.directory().toString(), "IMAGE")
                .replace(id(), "VM");
    }
}

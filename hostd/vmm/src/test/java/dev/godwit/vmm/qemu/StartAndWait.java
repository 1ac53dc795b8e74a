package dev.godwit.vmm.qemu;

import dev.godwit.vmm.Cgroups;
import java.nio.file.Path;

/** A hostd of its own that starts the VM of a test's host and is killed. */
final class StartAndWait {
    private StartAndWait() {}

    public static void main(String[] arguments) throws Exception {
        System.setProperty("godwit.root", arguments[0]);
        Path directory = Path.of(arguments[1]);
        QemuSettings settings = new QemuSettings(
                QemuSettings.DEFAULT_QEMU,
                TestHost.built("vmm-launch"),
                TestHost.built("libgodwit-ram-handover.so"),
                directory.resolve("scratch"),
                Cgroups.detect("qemu-test"),
                TestHost.SOON);
        new QemuDriver(settings).start(TestHost.counting(1, false, directory, Path.of(arguments[2])));
        System.out.println("STARTED");
        new java.util.concurrent.CountDownLatch(1).await(60, java.util.concurrent.TimeUnit.SECONDS);
    }
}

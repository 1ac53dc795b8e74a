package dev.godwit.daemon;

import dev.godwit.vmm.Vmm;
import java.io.IOException;
import java.nio.file.Files;

/** A VM of this host that may wait for its disk. */
record VmDisk(HostedVm vm, HostParts parts) implements WaitingGuest {
    /** Less than this fills up again before anybody notices. */
    private static final long ROOM_BYTES = 64L << 20;

    @Override
    public String id() {
        return vm.id();
    }

    @Override
    public String name() {
        return vm.record().name();
    }

    @Override
    public boolean waits() throws IOException {
        return vm.hasVmm() && vm.vmm().status() == Vmm.Status.IO_ERROR;
    }

    @Override
    public boolean diskIsFull() throws IOException {
        return vm.vmm().diskIsFull();
    }

    @Override
    public boolean hasRoom() throws IOException {
        return Files.getFileStore(parts.paths().vms()).getUsableSpace() >= ROOM_BYTES;
    }

    @Override
    public boolean tryAgain() throws IOException {
        return vm.tryDiskAgain();
    }
}

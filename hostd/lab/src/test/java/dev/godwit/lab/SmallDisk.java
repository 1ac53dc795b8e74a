package dev.godwit.lab;

/**
 * A host whose VMs have little room: a small tmpfs over the folder of their disks, in the host's own mount namespace. For
 * a host without VMs.
 */
record SmallDisk(LabHost host) implements AutoCloseable {
    private static final String VMS = "/run/godwit-host/state/vms";

    static SmallDisk on(LabHost host, int mib) {
        host.machine().run("mount", "-t", "tmpfs", "-o", "size=" + mib + "m", "tmpfs", VMS);
        return new SmallDisk(host);
    }

    /** The folder, as its hostd names it. */
    String folder() {
        return VMS;
    }

    @Override
    public void close() {
        host.machine().run("umount", VMS);
    }
}

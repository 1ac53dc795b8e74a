package dev.godwit.edge;

import java.net.InetAddress;
import java.util.List;

/** The addresses of VMs by name. Thread-safe and quick. */
public interface VmNames {
    /**
     * The addresses of {@code VM.PROJECT.godwit}.
     *
     * @param asker the VM that asks; what it must not know is not answered
     * @return empty: there is no such VM
     */
    List<InetAddress> addresses(InetAddress asker, String vm, String project);

    /** No names. */
    static VmNames none() {
        return (asker, vm, project) -> List.of();
    }
}

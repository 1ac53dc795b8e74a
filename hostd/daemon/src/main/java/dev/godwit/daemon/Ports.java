package dev.godwit.daemon;

import dev.godwit.api.PortProtocol;
import dev.godwit.api.PublishPort;
import dev.godwit.api.PublishedPort;
import dev.godwit.api.Vm;
import java.util.List;

/** Which ports of the fleet's public address lead to which VM. Any host can say and change it. Thread-safe. */
interface Ports {
    /** The ports that lead to a VM, by protocol and port. */
    List<PublishedPort> of(Vm vm);

    /**
     * Lets a public port lead to a VM. The same twice is one.
     *
     * @throws Conflict it leads elsewhere
     * @throws Refused the VM has no address
     */
    PublishedPort publish(Vm vm, PublishPort wanted);

    /**
     * Lets a public port lead to a VM no more; connections that are open go on.
     *
     * @throws NotFound it does not lead to the VM
     */
    void unpublish(Vm vm, PortProtocol protocol, int publicPort);
}

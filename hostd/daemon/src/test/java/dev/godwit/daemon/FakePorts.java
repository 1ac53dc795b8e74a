package dev.godwit.daemon;

import dev.godwit.api.PortProtocol;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.PublishPort;
import dev.godwit.api.PublishedPort;
import dev.godwit.api.Vm;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Published ports in memory. */
final class FakePorts implements Ports {
    private final Map<String, PublishedPort> ports = new ConcurrentHashMap<>();

    private static String key(PortProtocol protocol, int publicPort) {
        return protocol + "/" + publicPort;
    }

    @Override
    public List<PublishedPort> of(Vm vm) {
        return ports.values().stream().filter(port -> port.vm().equals(vm.id())).toList();
    }

    @Override
    public PublishedPort publish(Vm vm, PublishPort wanted) {
        PublishedPort port = new PublishedPort(
                vm.id(), List.of("192.0.2.1"), wanted.publicPort(), wanted.vmPort(), wanted.protocol());
        PublishedPort there = ports.putIfAbsent(key(wanted.protocol(), wanted.publicPort()), port);
        if (there != null && !there.equals(port)) {
            throw new Conflict(ProblemCode.CONFLICT, "The port leads to VM " + there.vm() + "; choose another.");
        }
        return port;
    }

    @Override
    public void unpublish(Vm vm, PortProtocol protocol, int publicPort) {
        PublishedPort there = ports.get(key(protocol, publicPort));
        if (there == null || !there.vm().equals(vm.id())) {
            throw new NotFound("The port does not lead to VM " + vm.name() + ".");
        }
        ports.remove(key(protocol, publicPort));
    }
}

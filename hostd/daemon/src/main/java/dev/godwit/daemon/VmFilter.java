package dev.godwit.daemon;

import dev.godwit.api.Vm;
import io.helidon.webserver.http.ServerRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which VMs of a list are wanted: {@code ?owner=ID&project=NAME&label=KEY=VALUE&label=...}; all of it has to fit. */
record VmFilter(Optional<String> owner, Optional<String> project, Map<String, String> labels) {
    static VmFilter of(ServerRequest request) {
        Map<String, String> labels = new HashMap<>();
        for (String label : request.query().all("label", List::of)) {
            int equals = label.indexOf('=');
            if (equals < 1) {
                throw new BadRequest("label=" + label + " is not KEY=VALUE.");
            }
            labels.put(label.substring(0, equals), label.substring(equals + 1));
        }
        return new VmFilter(Parameters.query(request, "owner"), Parameters.query(request, "project"), labels);
    }

    List<Vm> of(List<Vm> vms) {
        return vms.stream().filter(this::fits).toList();
    }

    private boolean fits(Vm vm) {
        return owner.map(wanted -> wanted.equals(vm.owner())).orElse(true)
                && project.map(wanted -> wanted.equals(vm.project())).orElse(true)
                && vm.labels().entrySet().containsAll(labels.entrySet());
    }
}

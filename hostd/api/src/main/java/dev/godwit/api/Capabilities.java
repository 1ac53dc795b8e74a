package dev.godwit.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What this host offers.
 *
 * @param api versions of the REST API, for example {@code v1}
 * @param accelerator null when it can run no guest
 * @param tracking how dirty pages are found, or {@code none}
 * @param moveModes how it can move a VM
 * @param cpuTemplates names of the CPU templates it can run
 * @param features what else a client may rely on, for example {@code create-or-attach}
 * @param limits the bounds of requests
 */
public record Capabilities(
        List<String> api,
        String version,
        @Nullable AcceleratorKind accelerator,
        String tracking,
        List<MoveMode> moveModes,
        List<String> cpuTemplates,
        List<Feature> features,
        Limits limits) {
    public Capabilities {
        api = List.copyOf(api);
        moveModes = List.copyOf(moveModes);
        features = features == null ? List.of() : List.copyOf(features);
        cpuTemplates = List.copyOf(cpuTemplates);
    }
}

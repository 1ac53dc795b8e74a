package dev.godwit.vmm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;

/** The CPU as the guest reads it: QEMU's own object of the first vCPU, after all that the accelerator took away. */
final class GuestCpu {
    /** Boolean properties of the object that are no CPU flag, or that differ between two processes with the same CPU. */
    private static final Set<String> NO_FLAGS = Set.of(
            "check",
            "enforce",
            "kvm",
            "migratable",
            "realized",
            "hotplugged",
            "hotpluggable",
            "start-powered-off",
            "pmu",
            "fill-mtrr-mask",
            "full-cpuid-auto-level",
            "host-cache-info",
            "legacy-cache",
            "tcg-cpuid",
            "kvm-no-smi-migration");

    private static final Set<String> IDENTITY =
            Set.of("vendor", "family", "model", "stepping", "phys-bits", "level", "xlevel");

    private GuestCpu() {}

    /** One word a flag that is on, and {@code name=value} for what else tells CPUs apart; sorted. */
    static String features(QmpConnection qmp) throws IOException {
        String cpu = qmp.execute("query-cpus-fast").path(0).path("qom-path").asText();
        Set<String> words = new TreeSet<>();
        for (JsonNode property :
                qmp.execute("qom-list", QmpConnection.arguments().put("path", cpu))) {
            String name = property.path("name").asText();
            if (IDENTITY.contains(name)) {
                words.add(name + "=" + value(qmp, cpu, name).asText());
            } else if (isFlag(name, property.path("type").asText())
                    && value(qmp, cpu, name).asBoolean()) {
                words.add(name);
            }
        }
        return String.join(" ", words);
    }

    /** QEMU has older spellings with {@code _} and {@code .} as further names of the same flags. */
    private static boolean isFlag(String name, String type) {
        return type.equals("bool")
                && !NO_FLAGS.contains(name)
                && name.indexOf('_') < 0
                && name.indexOf('.') < 0
                && !name.startsWith("x-");
    }

    private static JsonNode value(QmpConnection qmp, String cpu, String property) throws IOException {
        return qmp.execute("qom-get", QmpConnection.arguments().put("path", cpu).put("property", property));
    }
}

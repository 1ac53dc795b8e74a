package dev.godwit.net;

import dev.godwit.linux.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Lets tests run where the kernel loads the data plane's programs for us, found out by loading them. */
final class KernelGate implements ExecutionCondition {
    private static final ConditionEvaluationResult ANSWER = probe();

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        return ANSWER;
    }

    private static ConditionEvaluationResult probe() {
        @Nullable Path mount = null;
        try {
            mount = Files.createTempDirectory("godwit-bpf");
            Mount.bpf(mount);
            try (DataPlaneMaps maps = DataPlaneMaps.open(mount)) {
                maps.remove();
                return ConditionEvaluationResult.enabled("the kernel loads the data plane");
            } finally {
                Mount.unmount(mount);
            }
        } catch (IOException refused) {
            return String.valueOf(refused.getMessage()).contains("verifier")
                    ? ConditionEvaluationResult.enabled("the tests will say what the verifier refuses")
                    : ConditionEvaluationResult.disabled("no BPF here: " + refused.getMessage());
        } finally {
            remove(mount);
        }
    }

    private static void remove(@Nullable Path folder) {
        if (folder != null && !folder.toFile().delete()) {
            folder.toFile().deleteOnExit();
        }
    }
}

package dev.godwit.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class CpuTemplateTest {
    @Test
    void aNameNeverChangesItsMeaning() {
        assertThat(CpuTemplate.named("x86-64-v2-godwit1"))
                .isEqualTo(new CpuTemplate(
                        "x86-64-v2-godwit1",
                        "Nehalem-v1",
                        List.of("+aes", "+pclmulqdq", "+rdrand", "+rdtscp", "+arat")));
    }

    @Test
    void anUnknownNameIsRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> CpuTemplate.named("haswell")).hasMessageContaining("known are x86-64-v2-godwit1");
    }

    @Test
    void aModelWhoseMeaningIsTheMachinesIsRefused() {
        for (String model : List.of("host", "max", "Nehalem", "qemu64", "Nehalem-v1,+avx")) {
            assertThatThrownBy(() -> new CpuTemplate("a", model, List.of()))
                    .as(model)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new CpuTemplate("a", "Nehalem-v1", List.of("avx")))
                .hasMessageContaining("is not +flag or -flag");
    }
}

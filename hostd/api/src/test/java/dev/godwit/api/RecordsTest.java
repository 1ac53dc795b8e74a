package dev.godwit.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RecordsTest {
    private static final CreateVm GOOD = new CreateVm("build-7", "debian-ci", 1, 512, 1024);

    private static CreateVm sized(int vcpus, int memoryMib, int diskMib) {
        return new CreateVm(GOOD.name(), GOOD.image(), vcpus, memoryMib, diskMib);
    }

    @Test
    void absurdSizesAreRefusedWithTheValueAndTheRange() {
        assertThatThrownBy(() -> sized(0, 512, 1024)).hasMessage("vcpus 0 is not between 1 and 64");
        assertThatThrownBy(() -> sized(65, 512, 1024)).hasMessage("vcpus 65 is not between 1 and 64");
        assertThatThrownBy(() -> sized(1, 63, 1024)).hasMessage("memoryMib 63 is not between 64 and 1048576");
        assertThatThrownBy(() -> sized(1, 1_048_577, 1024)).hasMessageContaining("memoryMib 1048577");
        assertThatThrownBy(() -> sized(1, 512, 63)).hasMessage("diskMib 63 is not between 64 and 16777216");
        assertThatThrownBy(() -> sized(1, 512, 16_777_217)).hasMessageContaining("diskMib 16777217");
        assertThat(sized(64, 1_048_576, 16_777_216).vcpus()).isEqualTo(64);
    }

    @Test
    void namesAreShortAndPlain() {
        for (String bad : List.of("", "-a", "a-", "A", "a_b", "a.b", "a/b", "ä", "a b", "a".repeat(64))) {
            assertThatIllegalArgumentException()
                    .as(bad)
                    .isThrownBy(() -> new CreateVm(bad, "debian-ci", 1, 512, 1024))
                    .withMessageContaining("is not a name");
        }
        assertThat(new CreateVm("a".repeat(63), "sha256:ab", 1, 64, 64).name()).hasSize(63);
    }

    @Test
    void aMessageRepeatsOnlyTheBeginningOfALongValue() {
        assertThatThrownBy(() -> new MoveRequest("a".repeat(5000))).message().hasSizeLessThan(300);
    }

    @Test
    void aCommandNeedsAProgramAndBoundedArguments() {
        assertThatThrownBy(() -> new ExecRequest(List.of(), Map.of(), null, false))
                .hasMessageContaining("argv");
        assertThatThrownBy(() -> ExecRequest.of("a\0b")).hasMessageContaining("NUL");
        assertThatThrownBy(() -> ExecRequest.of("a", "b".repeat(ExecRequest.CHARACTERS_MAX)))
                .hasMessageContaining("1048576");
        assertThatThrownBy(() ->
                        new ExecRequest(Collections.nCopies(ExecRequest.ARGUMENTS_MAX + 1, "a"), Map.of(), null, false))
                .hasMessageContaining("4097");
        assertThatThrownBy(() -> new ExecRequest(List.of("a"), Map.of("", "x"), null, false))
                .hasMessageContaining("not a name");
        assertThatThrownBy(() -> new ExecRequest(List.of("a"), Map.of(), "tmp", false))
                .hasMessageContaining("absolute");
    }

    @Test
    void outputKeepsItsBytes() {
        byte[] bytes = "\0\u00ff\n".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(ExecOutput.of(ExecStreamName.STDERR, 7, bytes).bytes()).isEqualTo(bytes);
    }

    @Test
    void aCommandEndsInOneWay() {
        assertThat(new ExecEnd(7, null).shellStatus()).isEqualTo(7);
        assertThat(new ExecEnd(null, 9).shellStatus()).isEqualTo(137);
        assertThatThrownBy(() -> new ExecEnd(1, 1)).hasMessageContaining("exit 1 and signal 1");
        assertThatThrownBy(() -> new ExecEnd(null, null)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aMoveHasEndedWhenNobodyWaitsForMore() {
        assertThat(Arrays.stream(MoveState.values()).filter(state -> move(state).ended()))
                .containsExactlyInAnyOrder(
                        MoveState.RELEASE, MoveState.DONE, MoveState.ROLLED_BACK, MoveState.LOST, MoveState.REFUSED);
    }

    private static Move move(MoveState state) {
        return new Move(
                "host-a.1",
                "vm-1",
                "host-a",
                "host-b",
                state,
                Instant.EPOCH,
                List.of(),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    @Test
    void everyProblemCodeHasItsStatus() {
        for (ProblemCode code : ProblemCode.values()) {
            Problem problem = Problem.of(code, "why");
            assertThat(problem.status()).isBetween(400, 599);
            assertThat(problem.type()).isEqualTo("urn:godwit:problem:" + code);
        }
        assertThat(Problem.gone("why", 12).firstOffset()).isEqualTo(12);
    }
}

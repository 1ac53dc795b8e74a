package dev.godwit.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MoveStateTest {
    private static final Pattern ARROW = Pattern.compile("^ *(\\[\\*]|[A-Z_]+) --> (\\[\\*]|[A-Z_]+)(:.*)?$");

    @Test
    void theDrawingInTheDocsIsTheTable() throws Exception {
        Path drawing = Path.of(Objects.requireNonNull(System.getProperty("godwit.root")), "docs", "move-states.md");
        Set<String> drawn = new TreeSet<>();
        for (String line : Files.readAllLines(drawing)) {
            Matcher arrow = ARROW.matcher(line);
            if (arrow.matches()) {
                drawn.add(arrow.group(1) + " --> " + arrow.group(2));
            }
        }
        Set<String> table = new TreeSet<>(Set.of("[*] --> RESERVE"));
        for (MoveState state : MoveState.values()) {
            state.next().forEach(next -> table.add(state + " --> " + next));
            if (state.isTerminal()) {
                table.add(state + " --> [*]");
            }
        }
        assertThat(drawn).isEqualTo(table);
    }

    @Test
    void everyStateLeadsToAnEndAndAnEndLeadsNowhere() {
        for (MoveState state : MoveState.values()) {
            Set<MoveState> reached = EnumSet.of(state);
            boolean grew = true;
            while (grew) {
                grew = reached.addAll(
                        reached.stream().flatMap(s -> s.next().stream()).collect(Collectors.toSet()));
            }
            assertThat(reached).as("reached from %s", state).anyMatch(MoveState::isTerminal);
            assertThat(state.next().isEmpty()).isEqualTo(state.isTerminal());
        }
        assertThat(Arrays.stream(MoveState.values()).filter(MoveState::isTerminal))
                .containsExactlyInAnyOrder(MoveState.DONE, MoveState.ROLLED_BACK, MoveState.LOST);
    }

    @Test
    void aTransitionThatTheTableLacksNamesTheMoveAndBothStates() {
        MoveRecord record = Moves.record("m1", MoveSide.SOURCE);
        assertThatIllegalStateException()
                .isThrownBy(() -> record.enter(MoveState.DONE, Instant.EPOCH))
                .withMessageContaining("m1")
                .withMessageContaining("from RESERVE to DONE");
    }
}

package dev.godwit.jenkins;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.jenkins.pipeline.GodwitAgentCondition;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What a pipeline's retry takes for the loss of a VM. */
class LostAgentConditionTest {
    private final GodwitAgentCondition condition = new GodwitAgentCondition();

    @Test
    void aChannelThatClosedSinceItsVmWasLostIsWorthAnotherTry() {
        LostNodes.add("c-lost", "host-a was reclaimed");
        IOException closed = new IOException("remote call on c-lost failed");
        assertThat(condition.test(closed, null)).isTrue();
        assertThat(condition.test(new IllegalStateException("step failed", closed), null))
                .isTrue();
    }

    @Test
    void aFailureOfTheBuildIsNot() {
        LostNodes.add("c-lost", "host-a was reclaimed");
        assertThat(condition.test(new IOException("script returned exit code 1"), null))
                .isFalse();
        assertThat(condition.test(new IOException("remote call on c-other failed"), null))
                .isFalse();
        assertThat(condition.test(new IOException(), null)).isFalse();
    }

    @Test
    void theLostNodesThatAreRememberedAreBounded() {
        for (int i = 0; i < LostNodes.REMEMBERED_MAX + 10; i++) {
            LostNodes.add("bounded-" + i, "gone");
        }
        assertThat(LostNodes.all()).hasSize(LostNodes.REMEMBERED_MAX);
        assertThat(LostNodes.cause("bounded-0")).isEmpty();
    }
}

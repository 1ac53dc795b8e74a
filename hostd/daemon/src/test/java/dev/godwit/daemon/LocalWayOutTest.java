package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.EgressRule;
import dev.godwit.api.EgressWay;
import dev.godwit.api.Network;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class LocalWayOutTest {
    private static final EgressRule CACHE = new EgressRule("10.1.2.0/24", EgressWay.LOCAL);
    private static final EgressRule WORLD = new EgressRule("0.0.0.0/0", EgressWay.ANCHORED);

    private int opened;
    private boolean fails;

    private final LocalWayOut way = new LocalWayOut(
            project -> network(project, project.equals("ci-local") ? List.of(CACHE, WORLD) : List.of(WORLD)), () -> {
                if (fails) {
                    throw new IOException("nft is missing");
                }
                opened++;
            });

    private static Network network(String project, List<EgressRule> egress) {
        return new Network(project, 7, 1, List.of(), List.of(), egress, null, null);
    }

    @Test
    void aHostWhoseProjectsHaveNoLocalDestinationOpensNothing() {
        assertThat(way.apply("ci-main").egress()).containsExactly(WORLD);
        assertThat(opened).isZero();
    }

    @Test
    void theFirstLocalDestinationOpensTheWayAndTheNextOnesFindItOpen() {
        assertThat(way.apply("ci-local").egress()).containsExactly(CACHE, WORLD);
        way.apply("ci-local");
        assertThat(opened).isEqualTo(1);
    }

    @Test
    void aWayThatCannotBeOpenedIsNotTakenUntilItCan() {
        fails = true;
        assertThat(way.apply("ci-local").egress()).isEmpty();
        fails = false;
        assertThat(way.apply("ci-local").egress()).containsExactly(CACHE, WORLD);
        assertThat(opened).isEqualTo(1);
    }
}

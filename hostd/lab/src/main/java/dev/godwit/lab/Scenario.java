package dev.godwit.lab;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Something that {@code script/demo} shows and has looked at by checks. Made for one run. */
interface Scenario {
    /** The names of its checks, in the report's order; all must be made, and hold. */
    List<String> checks();

    /** Plays it on a stage that is still empty. Returns when the last check is made. */
    void play(Stage stage) throws IOException, InterruptedException;

    /** The scenarios that there are, the default first. */
    List<String> NAMES = List.of("build", "valkey", "edge-failover", "frozen-host");

    /** A new run of a scenario, if there is one of this name. */
    static Optional<Scenario> named(String name) {
        Map<String, Supplier<Scenario>> all = Map.of(
                "build", BuildScenario::new,
                "valkey", ValkeyScenario::new,
                "edge-failover", EdgeFailoverScenario::new,
                "frozen-host", FrozenHostScenario::new);
        return Optional.ofNullable(all.get(name)).map(Supplier::get);
    }
}

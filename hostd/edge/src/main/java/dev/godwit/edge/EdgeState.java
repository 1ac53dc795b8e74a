package dev.godwit.edge;

import java.util.Set;

/** Where an edge of a pair stands. */
public enum EdgeState {
    /** Silent; copies the connections of the active edge. */
    STANDBY,
    /** Has the seat; loads the connections; silent. */
    LOADING,
    /** Has the seat and speaks. */
    ACTIVE;

    /** The states that may follow. */
    public Set<EdgeState> next() {
        return switch (this) {
            case STANDBY -> Set.of(LOADING);
            case LOADING -> Set.of(ACTIVE, STANDBY);
            case ACTIVE -> Set.of(STANDBY);
        };
    }
}

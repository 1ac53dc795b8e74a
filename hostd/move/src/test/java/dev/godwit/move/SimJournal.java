package dev.godwit.move;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A journal on a disk that hostd and the machine can die around: before a line, after it, and with lines not yet synced. */
final class SimJournal implements MoveJournal {
    private record Line(MoveRecord record, boolean synced) {}

    private final SimWorld world;
    private final Map<String, List<Line>> moves = new LinkedHashMap<>();

    SimJournal(SimWorld world) {
        this.world = world;
    }

    @Override
    public void append(MoveRecord record, Durability durability) throws IOException {
        world.step();
        if (world.fault(world.faults().diskFull())) {
            world.diskFull();
            throw new IOException("no space left");
        }
        List<Line> lines = moves.computeIfAbsent(record.moveId(), id -> new ArrayList<>());
        if (durability == Durability.MACHINE) {
            lines.replaceAll(l -> new Line(l.record(), true));
        }
        lines.add(new Line(record, durability == Durability.MACHINE));
        world.step();
    }

    @Override
    public Optional<MoveRecord> find(String moveId) {
        return Optional.ofNullable(moves.get(moveId))
                .map(lines -> lines.getLast().record());
    }

    @Override
    public List<MoveRecord> openMoves() {
        return moves.values().stream()
                .map(lines -> lines.getLast().record())
                .filter(r -> !r.state().isTerminal())
                .toList();
    }

    List<MoveRecord> all() {
        return moves.values().stream().map(lines -> lines.getLast().record()).toList();
    }

    /** The machine lost power. */
    void loseWhatIsNotSynced() {
        moves.values().forEach(lines -> lines.removeIf(l -> !l.synced()));
        moves.values().removeIf(List::isEmpty);
    }
}

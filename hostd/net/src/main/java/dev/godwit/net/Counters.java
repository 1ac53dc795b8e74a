package dev.godwit.net;

import dev.godwit.linux.BpfMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;

/** What the programs have counted since the maps were made. Thread-safe. */
public final class Counters {
    /** How many reasons a direction has room for. */
    private static final int ROOM = 32;

    private final BpfMap drops;
    private final BpfMap ways;

    Counters(BpfMap drops, BpfMap ways) {
        this.drops = drops;
        this.ways = ways;
    }

    /** What was dropped, by reason; every reason is there. */
    public Map<DropReason, Traffic> dropped(Direction direction) throws IOException {
        Map<DropReason, Traffic> counts = new EnumMap<>(DropReason.class);
        for (DropReason reason : DropReason.values()) {
            counts.put(reason, sum(drops, direction.ordinal() * ROOM + reason.ordinal()));
        }
        return counts;
    }

    /** What was passed on, by way; every way is there. */
    public Map<Way, Traffic> passed() throws IOException {
        Map<Way, Traffic> counts = new EnumMap<>(Way.class);
        for (Way way : Way.values()) {
            counts.put(way, sum(ways, way.ordinal()));
        }
        return counts;
    }

    private static Traffic sum(BpfMap map, int index) throws IOException {
        Traffic sum = Traffic.NONE;
        ByteBuffer copies = Keys.read(map.get(Keys.number(index)).orElseThrow());
        while (copies.hasRemaining()) {
            sum = sum.plus(new Traffic(copies.getLong(), copies.getLong()));
        }
        return sum;
    }
}

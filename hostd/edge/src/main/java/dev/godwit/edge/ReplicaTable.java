package dev.godwit.edge;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stand-by's copy of the active edge's connections. Bounded; an edge with an older fence than the newest that was heard
 * of is refused. Thread-safe.
 */
public final class ReplicaTable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicaTable.class);

    /** A connection, and the listing that told of it last. */
    private record Held(Flow flow, long listing) {}

    private final int flowsMax;
    private final Map<FlowKey, Held> flows = new LinkedHashMap<>();
    private long fence;
    private long listing;
    private @Nullable Receiver current;
    private boolean complete;
    private long overflowed;
    private long refusedLinks;

    /** @param flowsMax connections beyond it are not kept, and counted */
    public ReplicaTable(int flowsMax) {
        this.flowsMax = flowsMax;
    }

    /** Begins to hear from an edge; where another link was heard, it is not any more once this one says hello. */
    public Receiver open() {
        return new Receiver();
    }

    /** The receiving end of one link. Used by one thread. */
    public final class Receiver implements AutoCloseable {
        private int sequence;
        private boolean introduced;

        private Receiver() {}

        /**
         * Takes one message.
         *
         * @throws BadReplica no edge sends this, or the edge is not the active one any more: the link must be closed
         */
        public void receive(ByteBuffer message) throws BadReplica {
            synchronized (ReplicaTable.this) {
                ReplicaMessages.Kind kind = header(message);
                if (kind == ReplicaMessages.Kind.HELLO) {
                    hello(message);
                    return;
                }
                if (current != this) {
                    throw new BadReplica("a message of an edge that is not heard any more");
                }
                switch (kind) {
                    case HELLO -> throw new BadReplica("a second hello");
                    case BEGIN -> {
                        listing++;
                        complete = false;
                    }
                    case FLOWS -> {
                        while (message.hasRemaining()) {
                            keep(Flow.read(message));
                        }
                    }
                    case GONE -> {
                        while (message.hasRemaining()) {
                            flows.remove(Flow.readKey(message));
                        }
                    }
                    case END -> end();
                    case BEAT -> {
                        // That it came is all it says.
                    }
                }
            }
        }

        private ReplicaMessages.Kind header(ByteBuffer message) throws BadReplica {
            if (message.remaining() < ReplicaMessages.HEADER_BYTES) {
                throw new BadReplica(
                        "a message of " + message.remaining() + " bytes, least is " + ReplicaMessages.HEADER_BYTES);
            }
            int kind = Byte.toUnsignedInt(message.get());
            int number = message.getInt();
            if (kind >= ReplicaMessages.Kind.values().length) {
                throw new BadReplica("a message of the kind " + kind + ", which does not exist");
            }
            if (number != sequence) {
                throw new BadReplica("message " + number + " where " + sequence + " was due: some are lost");
            }
            sequence++;
            return ReplicaMessages.Kind.values()[kind];
        }

        private void hello(ByteBuffer message) throws BadReplica {
            if (introduced || message.remaining() < 11) {
                throw new BadReplica(introduced ? "a second hello" : "a hello of " + message.remaining() + " bytes");
            }
            int version = Short.toUnsignedInt(message.getShort());
            long theirs = message.getLong();
            byte[] name = new byte[Byte.toUnsignedInt(message.get())];
            if (version != ReplicaMessages.VERSION || message.remaining() != name.length) {
                throw new BadReplica(
                        "a hello of version " + version + " with " + message.remaining() + " bytes of name");
            }
            message.get(name);
            String edge = new String(name, StandardCharsets.UTF_8);
            if (theirs < fence) {
                refusedLinks++;
                throw new BadReplica("edge " + edge + " has fence " + theirs + ", but an edge with fence " + fence
                        + " was heard of");
            }
            introduced = true;
            fence = theirs;
            current = this;
            complete = false;
            LOG.info("connections are copied from edge {} with fence {}", edge, fence);
        }

        /** The link is over; what was copied is kept. */
        @Override
        public void close() {
            synchronized (ReplicaTable.this) {
                if (current == this) {
                    current = null;
                    complete = false;
                }
            }
        }
    }

    private void keep(Flow flow) {
        FlowKey key = flow.key();
        Held before = flows.remove(key);
        if (before == null && flows.size() >= flowsMax) {
            if (overflowed++ == 0) {
                LOG.warn("the active edge has more than {} connections; the others will not survive its end", flowsMax);
            }
            return;
        }
        flows.put(key, new Held(before == null ? flow : flow.over(before.flow()), listing));
    }

    private void end() {
        flows.values().removeIf(held -> held.listing() != listing);
        complete = true;
    }

    /** Hears of no edge with a fence below this one any more: this edge has the seat under it. */
    synchronized void refuseBelow(long newFence) {
        fence = Math.max(fence, newFence);
        current = null;
        complete = false;
    }

    /** The connections, the ones that changed last first. */
    synchronized List<Flow> newestFirst() {
        List<Flow> newest = new ArrayList<>(flows.size());
        flows.values().forEach(held -> newest.add(held.flow()));
        Collections.reverse(newest);
        return newest;
    }

    /** Forgets all connections. */
    synchronized void clear() {
        flows.clear();
    }

    /** How many connections are kept. */
    public synchronized int size() {
        return flows.size();
    }

    /** Whether an active edge is heard and has told everything. */
    public synchronized boolean isComplete() {
        return complete;
    }

    /** How many connections could not be kept. */
    public synchronized long overflowed() {
        return overflowed;
    }

    /** How many links of edges with an older fence were refused. */
    public synchronized long refusedLinks() {
        return refusedLinks;
    }
}

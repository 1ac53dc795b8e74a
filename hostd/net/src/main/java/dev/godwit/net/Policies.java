package dev.godwit.net;

import dev.godwit.linux.BpfMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The policies of this host's VMs, by a number that ports refer to. The kernel finds the longest prefix that covers an
 * address; so under each prefix of a policy stand all rules that cover it, in the policy's order. Thread-safe.
 */
public final class Policies {
    /** How many rules may cover one prefix, its own and those of wider ones. */
    public static final int CHAIN_MAX = 32;

    private static final int RULE_BYTES = 8;
    private static final int CHAIN_BYTES = 8 + CHAIN_MAX * RULE_BYTES;
    private static final int ENTRIES_MAX = 262_144;
    private static final int NUMBER_MAX = Integer.MAX_VALUE / 2;

    private final Table rules;
    private final Table egress;

    Policies(BpfMap rules, BpfMap egress) {
        this.rules = new Table(rules);
        this.egress = new Table(egress);
    }

    /**
     * Writes a policy, replacing the one of the same number. While it is replaced, a packet may meet the old or the new
     * rules of a prefix, and never none. Flows that are open stay open: see {@link Connections#remove}.
     *
     * @param policyId from 1
     * @throws IllegalArgumentException more than {@link #CHAIN_MAX} rules cover one prefix
     */
    public synchronized void put(int policyId, Policy policy) throws IOException {
        requireNumber(policyId);
        Map<Integer, Map<Key, byte[]>> chains = new LinkedHashMap<>();
        for (Direction direction : Direction.values()) {
            int number = number(policyId, direction);
            Map<Key, byte[]> own = new LinkedHashMap<>();
            for (Prefix prefix : prefixes(policy, direction)) {
                own.put(new Key(Keys.prefix(number, prefix)), chain(policy, direction, prefix));
            }
            chains.put(number, own);
        }
        Map<Key, byte[]> destinations = new LinkedHashMap<>();
        for (Prefix prefix : policy.localEgress()) {
            destinations.put(new Key(Keys.prefix(policyId, prefix)), Keys.number(1));
        }
        for (Map.Entry<Integer, Map<Key, byte[]>> own : chains.entrySet()) {
            rules.replace(own.getKey(), own.getValue());
        }
        egress.replace(policyId, destinations);
    }

    private static int number(int policyId, Direction direction) {
        return policyId << 1 | direction.ordinal();
    }

    private static Set<Prefix> prefixes(Policy policy, Direction direction) {
        Set<Prefix> prefixes = new LinkedHashSet<>(List.of(Prefix.ALL_V4, Prefix.ALL_V6));
        policy.rules().stream()
                .filter(rule -> rule.direction() == direction)
                .map(PolicyRule::remote)
                .forEach(prefixes::add);
        return prefixes;
    }

    private static byte[] chain(Policy policy, Direction direction, Prefix prefix) {
        List<PolicyRule> covering = policy.rules().stream()
                .filter(rule -> rule.direction() == direction && rule.remote().covers(prefix))
                .toList();
        if (covering.size() > CHAIN_MAX) {
            throw new IllegalArgumentException(covering.size() + " rules cover " + prefix + "; at most " + CHAIN_MAX
                    + " can: join rules, or leave out those that an earlier one makes needless");
        }
        Verdict otherwise = direction == Direction.OUT ? policy.outbound() : policy.inbound();
        ByteBuffer chain = Keys.buffer(CHAIN_BYTES).putInt(covering.size()).putInt(otherwise.ordinal());
        for (PolicyRule rule : covering) {
            chain.putShort((short) rule.protocol().orElse(PolicyRule.ANY_PROTOCOL))
                    .putShort((short) rule.verdict().ordinal())
                    .putShort((short) rule.firstPort())
                    .putShort((short) rule.lastPort());
        }
        return chain.array();
    }

    /** Forgets a policy; a port that refers to it lets nothing pass. Absent is no error. */
    public synchronized void remove(int policyId) throws IOException {
        requireNumber(policyId);
        for (Direction direction : Direction.values()) {
            rules.replace(number(policyId, direction), Map.of());
        }
        egress.replace(policyId, Map.of());
    }

    /** The numbers of the policies that are there. */
    public synchronized Set<Integer> numbers() throws IOException {
        return rules.numbers().stream().map(number -> number >> 1).collect(Collectors.toSet());
    }

    private static void requireNumber(int policyId) {
        if (policyId < 1 || policyId > NUMBER_MAX) {
            throw new IllegalArgumentException("policy number " + policyId + " is not between 1 and " + NUMBER_MAX);
        }
    }

    /**
     * A map of this process, its single writer, and which keys each number has in it: the map itself tells that only by a
     * walk over all. Guarded by its user.
     */
    private static final class Table {
        private final BpfMap map;
        private @Nullable Map<Integer, Set<Key>> keys;

        Table(BpfMap map) {
            this.map = map;
        }

        /** What an earlier process wrote is read once. */
        private Map<Integer, Set<Key>> keys() throws IOException {
            Map<Integer, Set<Key>> known = keys;
            if (known == null) {
                known = new HashMap<>();
                for (byte[] bytes : map.keys(ENTRIES_MAX)) {
                    Key key = new Key(bytes);
                    known.computeIfAbsent(key.number(), absent -> new HashSet<>())
                            .add(key);
                }
                keys = known;
            }
            return known;
        }

        Set<Integer> numbers() throws IOException {
            return keys().keySet();
        }

        /** Makes these the entries of a number: new ones first, then the others go. */
        void replace(int number, Map<Key, byte[]> entries) throws IOException {
            Set<Key> own = keys().computeIfAbsent(number, absent -> new HashSet<>());
            for (Map.Entry<Key, byte[]> entry : entries.entrySet()) {
                own.add(entry.getKey()); // first: a write that fails may have been one
                map.put(entry.getKey().bytes(), entry.getValue());
            }
            for (Key key : List.copyOf(own)) {
                if (!entries.containsKey(key)) {
                    map.remove(key.bytes());
                    own.remove(key);
                }
            }
            if (own.isEmpty()) {
                keys().remove(number);
            }
        }
    }

    /** A key that can be compared. */
    private record Key(ByteBuffer buffer) {
        Key(byte[] bytes) {
            this(ByteBuffer.wrap(bytes));
        }

        int number() {
            return Keys.read(bytes()).getInt(Integer.BYTES);
        }

        byte[] bytes() {
            return buffer.array();
        }
    }
}

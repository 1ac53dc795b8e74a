package dev.godwit.net;

import dev.godwit.linux.BpfMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

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

    private final BpfMap rules;
    private final BpfMap egress;

    Policies(BpfMap rules, BpfMap egress) {
        this.rules = rules;
        this.egress = egress;
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
        Map<Key, byte[]> chains = new LinkedHashMap<>();
        for (Direction direction : Direction.values()) {
            int number = number(policyId, direction);
            for (Prefix prefix : prefixes(policy, direction)) {
                chains.put(new Key(Keys.prefix(number, prefix)), chain(policy, direction, prefix));
            }
        }
        Map<Key, byte[]> destinations = new LinkedHashMap<>();
        for (Prefix prefix : policy.localEgress()) {
            destinations.put(new Key(Keys.prefix(policyId, prefix)), Keys.number(1));
        }
        replace(rules, chains, Set.of(number(policyId, Direction.OUT), number(policyId, Direction.IN)));
        replace(egress, destinations, Set.of(policyId));
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

    private static void replace(BpfMap map, Map<Key, byte[]> entries, Collection<Integer> numbers) throws IOException {
        for (Map.Entry<Key, byte[]> entry : entries.entrySet()) {
            map.put(entry.getKey().bytes(), entry.getValue());
        }
        for (byte[] key : map.keys(ENTRIES_MAX)) {
            if (numbers.contains(Keys.read(key).getInt(Integer.BYTES)) && !entries.containsKey(new Key(key))) {
                map.remove(key);
            }
        }
    }

    /** Forgets a policy; a port that refers to it lets nothing pass. Absent is no error. */
    public synchronized void remove(int policyId) throws IOException {
        requireNumber(policyId);
        replace(rules, Map.of(), Set.of(number(policyId, Direction.OUT), number(policyId, Direction.IN)));
        replace(egress, Map.of(), Set.of(policyId));
    }

    /** The numbers of the policies that are there. */
    public Set<Integer> numbers() throws IOException {
        Set<Integer> numbers = new HashSet<>();
        for (byte[] key : rules.keys(ENTRIES_MAX)) {
            numbers.add(Keys.read(key).getInt(Integer.BYTES) >> 1);
        }
        return numbers;
    }

    private static void requireNumber(int policyId) {
        if (policyId < 1 || policyId > NUMBER_MAX) {
            throw new IllegalArgumentException("policy number " + policyId + " is not between 1 and " + NUMBER_MAX);
        }
    }

    /** A key that can be compared. */
    private record Key(ByteBuffer buffer) {
        Key(byte[] bytes) {
            this(ByteBuffer.wrap(bytes));
        }

        byte[] bytes() {
            return buffer.array();
        }
    }
}

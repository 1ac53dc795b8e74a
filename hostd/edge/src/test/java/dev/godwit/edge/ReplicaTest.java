package dev.godwit.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What the active edge says, and what a stand-by makes of it, without a kernel. */
class ReplicaTest {
    private final ReplicaTable table = new ReplicaTable(1000);

    static Flow flow(int i) {
        return flow(i, 3);
    }

    static Flow flow(int i, int tcpState) {
        byte[] vm = {10, 9, (byte) (i >> 8), (byte) i};
        byte[] web = {(byte) 198, 51, 100, 7};
        byte[] edge = {(byte) 192, 0, 2, 1};
        return Flow.of(
                Flow.TCP,
                new Flow.Direction(vm, web, 40_000 << 16 | 443),
                new Flow.Direction(web, edge, 443 << 16 | (10_000 + i)),
                new Flow.Condition(0x1e, 432_000, 0, tcpState, 7, 8));
    }

    /** A link that hands each message to a receiver at once. */
    static ReplicaLink into(ReplicaTable.Receiver receiver) {
        return new ReplicaLink() {
            @Override
            public void send(ByteBuffer message) throws IOException {
                byte[] copy = new byte[message.remaining()];
                message.get(copy);
                receiver.receive(ByteBuffer.wrap(copy));
            }

            @Override
            public void close() {
                receiver.close();
            }
        };
    }

    private static void tell(ReplicaMessages messages, int from, int to) throws IOException {
        messages.begin();
        for (int i = from; i < to; i++) {
            messages.flow(flow(i));
        }
        messages.end(to - from);
    }

    @Test
    void aCopyIsCompleteWhenAllWasToldAndFollowsWhatChanges() throws IOException {
        ReplicaMessages messages = new ReplicaMessages(into(table.open()));
        messages.hello(1, "edge-a");
        messages.begin();
        assertThat(table.isComplete()).isFalse();
        for (int i = 0; i < 900; i++) {
            messages.flow(flow(i));
        }
        messages.end(900);
        assertThat(table.isComplete()).isTrue();
        assertThat(table.size()).isEqualTo(900);
        messages.gone(flow(5).key());
        messages.flow(flow(6, 7));
        messages.gone(flow(4).key());
        messages.flush();
        assertThat(table.size()).isEqualTo(898);
        assertThat(table.newestFirst().getFirst()).isEqualTo(flow(6, 7));
        assertThat(table.newestFirst()).doesNotContain(flow(4), flow(5));
    }

    @Test
    void aNewListingTakesAwayWhatItDoesNotName() throws IOException {
        ReplicaMessages messages = new ReplicaMessages(into(table.open()));
        messages.hello(1, "edge-a");
        tell(messages, 0, 100);
        tell(messages, 50, 120);
        assertThat(table.size()).isEqualTo(70);
    }

    @Test
    void aListingThatBreaksOffLeavesTheOlderCopy() throws IOException {
        ReplicaLink link = into(table.open());
        ReplicaMessages messages = new ReplicaMessages(link);
        messages.hello(1, "edge-a");
        tell(messages, 0, 100);
        messages.begin();
        messages.flow(flow(500));
        messages.flush();
        link.close();
        assertThat(table.isComplete()).isFalse();
        assertThat(table.size()).isEqualTo(101);
    }

    @Test
    void aChangeWithoutTheProtocolsStateKeepsTheOlderState() throws IOException {
        ReplicaMessages messages = new ReplicaMessages(into(table.open()));
        messages.hello(1, "edge-a");
        tell(messages, 1, 2);
        messages.flow(flow(1, Flow.STATE_UNTOLD));
        messages.flush();
        assertThat(table.newestFirst()).containsExactly(flow(1));
    }

    @Test
    void anEdgeWithAnOlderFenceIsRefusedAndOneWithANewerReplacesTheLink() throws IOException {
        ReplicaMessages first = new ReplicaMessages(into(table.open()));
        first.hello(4, "edge-a");
        tell(first, 0, 10);
        ReplicaMessages old = new ReplicaMessages(into(table.open()));
        assertThatThrownBy(() -> old.hello(3, "edge-b"))
                .isInstanceOf(BadReplica.class)
                .hasMessageContaining("has fence 3");
        assertThat(table.refusedLinks()).isEqualTo(1);
        ReplicaMessages next = new ReplicaMessages(into(table.open()));
        next.hello(5, "edge-b");
        assertThat(table.isComplete()).isFalse();
        assertThatThrownBy(first::beat).hasMessageContaining("not heard any more");
        table.refuseBelow(6);
        assertThatThrownBy(next::beat).hasMessageContaining("not heard any more");
    }

    @Test
    void aMessageThatIsLostEndsTheLink() throws IOException {
        List<ByteBuffer> said = new ArrayList<>();
        ReplicaTable.Receiver receiver = table.open();
        ReplicaMessages messages = new ReplicaMessages(new ReplicaLink() {
            @Override
            public void send(ByteBuffer message) {
                byte[] copy = new byte[message.remaining()];
                message.get(copy);
                said.add(ByteBuffer.wrap(copy));
            }

            @Override
            public void close() {}
        });
        messages.hello(1, "edge-a");
        tell(messages, 0, 3);
        receiver.receive(said.get(0));
        receiver.receive(said.get(1));
        assertThatThrownBy(() -> receiver.receive(said.get(3))).hasMessageContaining("message 3 where 2 was due");
    }

    @Test
    void moreConnectionsThanTheStandByKeepsAreCountedAndDoNotGrowIt() throws IOException {
        ReplicaMessages messages = new ReplicaMessages(into(table.open()));
        messages.hello(1, "edge-a");
        tell(messages, 0, 1500);
        assertThat(table.size()).isEqualTo(1000);
        assertThat(table.overflowed()).isEqualTo(500);
    }

    @Test
    void garbageEndsTheLinkAndNothingElse() throws IOException {
        Random random = new Random(7);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            ReplicaTable.Receiver receiver = table.open();
            ReplicaMessages messages = new ReplicaMessages(into(receiver));
            messages.hello(1, "edge-a");
            byte[] garbage = new byte[random.nextInt(200)];
            random.nextBytes(garbage);
            if (garbage.length > 5 && i % 2 == 0) {
                ByteBuffer.wrap(garbage).put((byte) random.nextInt(7)).putInt(1);
            }
            if (garbage.length > 6 && i % 4 == 0) {
                garbage[5] = (byte) (random.nextBoolean() ? 4 : 6);
            }
            try {
                receiver.receive(ByteBuffer.wrap(garbage));
            } catch (BadReplica expected) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(15_000);
        assertThat(table.size()).isLessThanOrEqualTo(1000);
    }

    @Test
    void everyFlowIsReadBackAsItWasWritten() throws IOException {
        byte[] six = new byte[16];
        six[0] = (byte) 0xfd;
        six[15] = 9;
        Flow v6 = Flow.of(
                Flow.ICMPV6,
                new Flow.Direction(six, six, 0x12348000),
                new Flow.Direction(six, six, 0x12348100),
                new Flow.Condition(10, 30, 9, Flow.STATE_UNTOLD, 0, 0));
        for (Flow flow : List.of(flow(1), flow(513), v6)) {
            ByteBuffer bytes = ByteBuffer.allocate(200);
            flow.write(bytes);
            assertThat(bytes.position()).isEqualTo(flow.size()).isLessThanOrEqualTo(Flow.BYTES_MAX);
            assertThat(Flow.read(bytes.flip())).isEqualTo(flow);
        }
    }

    @Test
    void aSlowStandByCostsOneChangeAConnectionAndThenEverythingAnew() throws InterruptedException {
        PendingChanges pending = new PendingChanges(100);
        pending.beginListing();
        pending.endListing();
        for (int i = 0; i < 10_000; i++) {
            pending.seen(flow(i % 50, i % 9));
        }
        assertThat(pending.size()).isEqualTo(50);
        assertThat(pending.isLost()).isFalse();
        for (int i = 0; i < 200; i++) {
            pending.seen(flow(i));
        }
        assertThat(pending.isLost()).isTrue();
        assertThat(pending.size()).isZero();
        assertThat(pending.take(10, Duration.ofMinutes(1))).as("does not wait").isEmpty();
        pending.beginListing();
        assertThat(pending.isLost()).isFalse();
    }

    @Test
    void whatChangedDuringAListingIsNotOverwrittenByIt() throws InterruptedException {
        PendingChanges pending = new PendingChanges(100);
        pending.beginListing();
        pending.gone(flow(1).key());
        pending.take(10, Duration.ZERO);
        assertThat(pending.changedSinceListing(flow(1).key())).isTrue();
        assertThat(pending.changedSinceListing(flow(2).key())).isFalse();
        pending.endListing();
        assertThat(pending.changedSinceListing(flow(1).key())).isFalse();
    }

    @Test
    void aConnectionThatEndedAndBeganAgainIsToldAsItIsNow() throws InterruptedException {
        PendingChanges pending = new PendingChanges(100);
        pending.seen(flow(1, 3));
        pending.gone(flow(1).key());
        pending.seen(flow(1, 1));
        pending.seen(flow(1, Flow.STATE_UNTOLD));
        List<PendingChanges.Change> changes = pending.take(10, Duration.ZERO);
        assertThat(changes).hasSize(1);
        assertThat(changes.getFirst().flow()).isEqualTo(flow(1, 1));
    }
}

package dev.godwit.edge;

import dev.godwit.linux.Conntrack;
import dev.godwit.linux.Errno;
import dev.godwit.linux.LinuxException;
import dev.godwit.linux.Netlink;
import dev.godwit.linux.NetlinkMessages;
import dev.godwit.linux.NetlinkReader;
import dev.godwit.linux.Nfnetlink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections that this kernel tracks in the edge's zone. One thread at a time; opens its socket in the network
 * namespace of the thread that made it.
 */
final class KernelFlows implements AutoCloseable {
    /** Takes connections one by one. */
    interface Visitor {
        void flow(Flow flow) throws IOException;
    }

    /**
     * What became of a load.
     *
     * @param loaded connections that go on
     * @param clashed connections whose place another one has: an older one that the active edge had ended
     * @param refused connections that the kernel did not take
     */
    record Loaded(int loaded, int clashed, int refused) {}

    private static final Logger LOG = LoggerFactory.getLogger(KernelFlows.class);
    /** The kernel answers at once; this long means that it is stuck. */
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);

    /** Answers hold their question: this many errors fit the receive buffer. */
    private static final int MESSAGES_A_DATAGRAM = 256;

    private static final int RECEIVE_BUFFER_BYTES = 4 << 20;

    private final int zone;
    private final Netlink netlink;
    private int sequence;

    private KernelFlows(int zone, Netlink netlink) {
        this.zone = zone;
        this.netlink = netlink;
    }

    /**
     * Opens the way to the kernel.
     *
     * @param zone 1..65535: connections of other zones are not touched
     */
    static KernelFlows open(int zone) throws IOException {
        Netlink netlink = Netlink.open(Netlink.NETFILTER);
        netlink.receiveBuffer(RECEIVE_BUFFER_BYTES);
        return new KernelFlows(zone, netlink);
    }

    /** Calls {@code visitor} for every connection, as the kernel hands them out: a slow visitor holds the kernel up. */
    void forEach(Visitor visitor) throws IOException {
        NetlinkMessages request = new NetlinkMessages(64);
        request.begin(
                Nfnetlink.type(Nfnetlink.SUBSYSTEM_CONNTRACK, Conntrack.GET),
                NetlinkMessages.NLM_F_REQUEST | NetlinkMessages.NLM_F_DUMP,
                ++sequence,
                0,
                0);
        netlink.send(request.take());
        while (true) {
            NetlinkReader answers = new NetlinkReader(receive());
            while (answers.next()) {
                if (answers.sequence() != sequence) {
                    continue;
                }
                switch (answers.type()) {
                    case NetlinkMessages.NLMSG_DONE -> {
                        return;
                    }
                    case NetlinkMessages.NLMSG_ERROR ->
                        throw new LinuxException("listing the tracked connections", answers.error());
                    default -> {
                        Flow flow = FlowMessages.read(answers, zone);
                        if (flow != null) {
                            visitor.flow(flow);
                        }
                    }
                }
            }
        }
    }

    /** Puts connections into the kernel; the first one of two that exclude each other is the one that goes on. */
    Loaded load(Iterator<Flow> flows) throws IOException {
        int[] outcome = new int[3];
        send(
                flows,
                FlowMessages::create,
                (flow, errno) -> {
                    if (errno == Errno.EEXIST || errno == Errno.EBUSY) {
                        outcome[1]++;
                    } else {
                        if (outcome[2]++ == 0) {
                            LOG.warn("the kernel did not take the connection {}: {}", flow, Errno.name(errno));
                        }
                    }
                    outcome[0]--;
                },
                outcome);
        return new Loaded(outcome[0], outcome[1], outcome[2]);
    }

    /** Removes every connection of the zone. Returns how many. */
    int removeAll() throws IOException {
        List<Flow> all = new ArrayList<>();
        forEach(all::add);
        int[] outcome = new int[1];
        // One that ended by itself meanwhile is as well.
        send(all.iterator(), FlowMessages::delete, (flow, errno) -> {}, outcome);
        return all.size();
    }

    private interface Writer {
        void write(NetlinkMessages out, Flow flow, int zone, int sequence);
    }

    private interface Failed {
        void failed(Flow flow, int errno);
    }

    private void send(Iterator<Flow> flows, Writer writer, Failed failed, int[] sent) throws IOException {
        NetlinkMessages out = new NetlinkMessages((MESSAGES_A_DATAGRAM + 1) * FlowMessages.MESSAGE_BYTES_MAX);
        while (flows.hasNext()) {
            int first = sequence + 1;
            List<Flow> batch = new ArrayList<>(MESSAGES_A_DATAGRAM);
            while (flows.hasNext() && batch.size() < MESSAGES_A_DATAGRAM) {
                Flow flow = flows.next();
                batch.add(flow);
                writer.write(out, flow, zone, ++sequence);
            }
            // The end of the batch is marked by a question that is always answered.
            out.begin(
                    Nfnetlink.type(Nfnetlink.SUBSYSTEM_CONNTRACK, Conntrack.NEW),
                    NetlinkMessages.NLM_F_REQUEST | NetlinkMessages.NLM_F_ACK,
                    ++sequence,
                    0,
                    0);
            netlink.send(out.take());
            sent[0] += batch.size();
            awaitAnswers(first, batch, failed);
        }
    }

    private void awaitAnswers(int first, List<Flow> batch, Failed failed) throws IOException {
        while (true) {
            NetlinkReader answers = new NetlinkReader(receive());
            while (answers.next()) {
                if (answers.type() != NetlinkMessages.NLMSG_ERROR) {
                    continue;
                }
                if (answers.sequence() == sequence) {
                    return; // EINVAL: a connection without addresses
                }
                int index = answers.sequence() - first;
                if (index >= 0 && index < batch.size() && answers.error() != 0) {
                    failed.failed(batch.get(index), answers.error());
                }
            }
        }
    }

    private ByteBuffer receive() throws IOException {
        ByteBuffer answer = netlink.receive(ANSWER_WITHIN);
        if (!answer.hasRemaining()) {
            throw new IOException(
                    "the kernel's connection tracking did not answer within " + ANSWER_WITHIN.toSeconds() + " s");
        }
        return answer;
    }

    @Override
    public void close() {
        netlink.close();
    }
}

package dev.godwit.edge;

import dev.godwit.linux.Conntrack;
import dev.godwit.linux.Errno;
import dev.godwit.linux.LinuxException;
import dev.godwit.linux.Netlink;
import dev.godwit.linux.NetlinkReader;
import dev.godwit.linux.Nfnetlink;
import java.io.IOException;
import java.time.Duration;

/**
 * Hears from the kernel of every connection of the edge's zone that begins, changes or ends. One thread; the network
 * namespace is that of the thread that opened it.
 */
final class FlowEvents implements AutoCloseable {
    /** Takes what happened, in order. */
    interface Listener {
        /** A connection began or changed. */
        void seen(Flow flow);

        /** A connection ended. */
        void gone(FlowKey key);

        /** Some of what happened was lost, because too much happened at once: only a new listing tells. */
        void lost();
    }

    /** About 30,000 events. */
    private static final int RECEIVE_BUFFER_BYTES = 16 << 20;

    private final int zone;
    private final Netlink netlink;

    private FlowEvents(int zone, Netlink netlink) {
        this.zone = zone;
        this.netlink = netlink;
    }

    static FlowEvents open(int zone) throws IOException {
        Netlink netlink = Netlink.open(Netlink.NETFILTER);
        boolean opened = false;
        try {
            netlink.receiveBuffer(RECEIVE_BUFFER_BYTES);
            netlink.join(Nfnetlink.GROUP_CONNTRACK_NEW);
            netlink.join(Nfnetlink.GROUP_CONNTRACK_UPDATE);
            netlink.join(Nfnetlink.GROUP_CONNTRACK_DESTROY);
            opened = true;
            return new FlowEvents(zone, netlink);
        } finally {
            if (!opened) {
                netlink.close();
            }
        }
    }

    /** Waits for what happens next, at most {@code timeout}, and tells it. */
    void poll(Duration timeout, Listener listener) throws IOException {
        NetlinkReader events;
        try {
            events = new NetlinkReader(netlink.receive(timeout));
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOBUFS) {
                throw e;
            }
            listener.lost();
            return;
        }
        while (events.next()) {
            Flow flow = FlowMessages.read(events, zone);
            if (flow == null) {
                continue;
            }
            if ((events.type() & 0xff) == Conntrack.DELETE) {
                listener.gone(flow.key());
            } else {
                listener.seen(flow);
            }
        }
    }

    @Override
    public void close() {
        netlink.close();
    }
}

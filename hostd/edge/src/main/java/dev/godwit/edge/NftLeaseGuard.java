package dev.godwit.edge;

import dev.godwit.linux.Clock;
import dev.godwit.linux.LinuxException;
import dev.godwit.linux.Netlink;
import dev.godwit.linux.NetlinkMessages;
import dev.godwit.linux.NetlinkReader;
import dev.godwit.linux.NfTables;
import dev.godwit.linux.Nfnetlink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lease as elements of the sets {@code lease} of {@link EdgeRules}: they die by their timeout, in the kernel, to the
 * millisecond. Old elements go and new ones come in one transaction, so that no packet meets an empty set.
 *
 * <p>Speaks netlink itself: between the look at the clock and the kernel lies one system call, not the start of a program
 * that may be frozen on the way. What a freeze in that moment left open is shut by the look at the clock behind it.
 */
final class NftLeaseGuard implements LeaseGuard {
    private static final Logger LOG = LoggerFactory.getLogger(NftLeaseGuard.class);
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);
    private static final int[] FAMILIES = {NfTables.FAMILY_INET, NfTables.FAMILY_NETDEV};
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final List<String> devices;
    private final Netlink netlink;
    private int sequence;

    private NftLeaseGuard(List<String> devices, Netlink netlink) {
        this.devices = List.copyOf(devices);
        this.netlink = netlink;
    }

    /** @param devices that may speak while the lease lasts */
    static NftLeaseGuard open(List<String> devices) throws IOException {
        return new NftLeaseGuard(devices, Netlink.open(Netlink.NETFILTER));
    }

    @Override
    public synchronized void openUntil(long bootNanos) throws IOException {
        long leftMillis = (bootNanos - Clock.BOOTTIME.nanos()) / NANOS_PER_MILLI;
        if (leftMillis <= 0) {
            shut();
            return;
        }
        write(leftMillis);
        if (Clock.BOOTTIME.nanos() >= bootNanos) {
            shut();
            LOG.warn("this edge stood still for {} ms while it renewed its guard, and is silent", leftMillis);
        }
    }

    @Override
    public synchronized void shut() throws IOException {
        write(0);
    }

    private void write(long millis) throws IOException {
        NetlinkMessages batch = new NetlinkMessages(4096);
        batch.begin(Nfnetlink.BATCH_BEGIN, NetlinkMessages.NLM_F_REQUEST, ++sequence, 0, Nfnetlink.SUBSYSTEM_NFTABLES);
        int first = sequence + 1;
        for (int family : FAMILIES) {
            elements(batch, NfTables.DELETE_SET_ELEMENT, 0, family);
            if (millis > 0) {
                elements(batch, NfTables.NEW_SET_ELEMENT, NetlinkMessages.NLM_F_CREATE, family);
                batch.nest(NfTables.ELEMENTS_LIST);
                for (String device : devices) {
                    element(batch, device, millis);
                }
                batch.endNest();
            }
        }
        int last = sequence;
        batch.begin(Nfnetlink.BATCH_END, NetlinkMessages.NLM_F_REQUEST, ++sequence, 0, Nfnetlink.SUBSYSTEM_NFTABLES);
        netlink.send(batch.take());
        awaitAnswers(first, last);
    }

    private void elements(NetlinkMessages batch, int message, int flags, int family) {
        batch.begin(
                        Nfnetlink.type(Nfnetlink.SUBSYSTEM_NFTABLES, message),
                        NetlinkMessages.NLM_F_REQUEST | NetlinkMessages.NLM_F_ACK | flags,
                        ++sequence,
                        family,
                        0)
                .text(NfTables.ELEMENTS_TABLE, EdgeRules.TABLE)
                .text(NfTables.ELEMENTS_SET, EdgeRules.LEASE_SET);
    }

    private static void element(NetlinkMessages batch, String device, long millis) {
        byte[] key = Arrays.copyOf(device.getBytes(StandardCharsets.US_ASCII), NfTables.INTERFACE_NAME_BYTES);
        batch.nest(NfTables.LIST_ELEMENT)
                .nest(NfTables.ELEMENT_KEY)
                .attribute(NfTables.DATA_VALUE, key)
                .endNest()
                .bigEndian64(NfTables.ELEMENT_TIMEOUT, millis)
                .endNest();
    }

    private void awaitAnswers(int first, int last) throws IOException {
        int due = last - first + 1;
        int failure = 0;
        while (due > 0) {
            NetlinkReader answers = new NetlinkReader(netlink.receive(ANSWER_WITHIN));
            boolean any = false;
            while (answers.next()) {
                any = true;
                if (answers.type() == NetlinkMessages.NLMSG_ERROR && answers.sequence() >= first - 1) {
                    due--;
                    failure = failure == 0 ? answers.error() : failure;
                }
            }
            if (!any) {
                throw new IOException("nftables did not answer within " + ANSWER_WITHIN.toSeconds() + " s");
            }
            if (failure != 0 && due > 0) {
                break; // a batch that fails is answered as far as it was read
            }
        }
        if (failure != 0) {
            throw new LinuxException("setting the guard of the lease on " + devices, failure);
        }
    }

    @Override
    public void close() {
        netlink.close();
    }
}

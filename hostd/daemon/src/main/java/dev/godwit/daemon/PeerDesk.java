package dev.godwit.daemon;

import dev.godwit.peer.CallHandler;
import dev.godwit.peer.PeerRefused;
import dev.godwit.peer.StreamHandler;
import dev.godwit.peer.StreamReceiver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Where calls and streams of other hosts arrive, and who answers them. */
final class PeerDesk implements CallHandler, StreamHandler {
    private static final byte[] DONE = "{}".getBytes(StandardCharsets.UTF_8);

    private final Arrivals arrivals;
    private final ImageTransfer transfer;
    private final HostServices services;
    private final @Nullable NetDesk net;
    private final @Nullable EdgeService edge;

    /**
     * @param net null where VMs are in no routed network
     * @param edge null where this host is no edge
     */
    PeerDesk(
            Arrivals arrivals,
            ImageTransfer transfer,
            HostServices services,
            @Nullable NetDesk net,
            @Nullable EdgeService edge) {
        this.net = net;
        this.edge = edge;
        this.arrivals = arrivals;
        this.transfer = transfer;
        this.services = services;
    }

    @Override
    public byte[] handle(String fromHost, String method, byte[] argument) throws PeerRefused {
        try {
            return switch (method) {
                case Peers.CAPACITY -> capacity().write();
                case Peers.PROBE -> DONE;
                case ImageTransfer.HAS_IMAGE -> transfer.has(argument);
                case ImageTransfer.ADMIT_IMAGE -> transfer.admit(argument);
                default ->
                    net != null && method.startsWith(NetCalls.PREFIX)
                            ? net.call(fromHost, method, argument)
                            : arrivals.call(fromHost, method, argument);
            };
        } catch (PeerRefused refused) {
            throw refused;
        } catch (IOException | IllegalArgumentException e) {
            throw new PeerRefused("failed", method + " failed at the other host: " + e.getMessage());
        }
    }

    private Peers.Capacity capacity() throws IOException {
        boolean takesVms = !services.departure().takesNone()
                && services.tracking().works()
                && services.fitness().probe().accelerator() != null;
        return new Peers.Capacity(
                services.admission().freeMemoryMib(),
                Math.max(0, services.admission().freeDiskBytes() - Admission.DISK_HEADROOM_BYTES),
                takesVms,
                services.cpuTemplates());
    }

    @Override
    public StreamReceiver open(String fromHost, String streamId, byte[] hello) throws PeerRefused {
        if (streamId.startsWith(ImageTransfer.STREAM_PREFIX)) {
            return transfer.receive(streamId, hello);
        }
        if (edge != null && streamId.startsWith(EdgeLinks.STREAM_PREFIX)) {
            return edge.receive(fromHost);
        }
        if (streamId.startsWith(MoveCalls.STREAM_PREFIX)) {
            return arrivals.receive(streamId);
        }
        throw new PeerRefused("no-such-stream", "this hostd takes no stream " + streamId);
    }
}

package dev.godwit.daemon;

import dev.godwit.edge.EdgeNode;
import dev.godwit.edge.ReplicaLink;
import dev.godwit.edge.ReplicaTable;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.peer.ByteKind;
import dev.godwit.peer.PeerStream;
import dev.godwit.peer.StreamReceiver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The copies of connections between edges as streams of the peer wire. */
final class EdgeLinks {
    static final String STREAM_PREFIX = "edge-";

    private static final Logger log = LoggerFactory.getLogger(EdgeLinks.class);
    private static final byte[] HELLO = {'{', '}'};

    private EdgeLinks() {}

    /** The living edges but this one. */
    interface Others {
        List<HostRecord> others();
    }

    /** Opens a stream to the stand-by: the other edge of the pair. */
    static ReplicaLink.Dialer dialer(Peers peers, Others others) {
        return () -> {
            HostRecord standby = others.others().stream()
                    .filter(host -> host.role() == HostRole.EDGE)
                    .findFirst()
                    .orElseThrow(() -> new IOException("there is no other edge"));
            PeerStream stream = peers.link(standby).openStream(STREAM_PREFIX + UUID.randomUUID(), HELLO);
            return new ReplicaLink() {
                @Override
                public void send(ByteBuffer message) throws IOException {
                    stream.send(0, ByteKind.CONTROL, message);
                }

                @Override
                public void close() {
                    stream.close();
                }
            };
        };
    }

    /** Takes a stream of another edge in. */
    static StreamReceiver receiver(EdgeNode node) {
        ReplicaTable.Receiver receiver = node.receive();
        return new StreamReceiver() {
            @Override
            public byte @Nullable [] onFrame(int type, ByteBuffer payload) throws IOException {
                receiver.receive(payload);
                return null;
            }

            @Override
            public void onEnd() {
                receiver.close();
            }

            @Override
            public void onLost(String reason) {
                log.info("the copy of connections is not kept up any more: {}", reason);
                receiver.close();
            }
        };
    }
}

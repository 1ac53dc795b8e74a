package dev.godwit.net;

import java.time.Duration;
import java.util.Optional;

/**
 * Something that happened to a flow.
 *
 * @param sinceBoot CLOCK_BOOTTIME of the packet
 * @param key the flow; its VM's side is the one at this host
 * @param direction of the packet
 * @param dropped why it was dropped, of {@link Kind#DENIED} only
 * @param lengthBytes of the packet, with its Ethernet header
 */
public record FlowEvent(
        Kind kind,
        Duration sinceBoot,
        FlowKey key,
        Direction direction,
        Optional<DropReason> dropped,
        int lengthBytes) {
    /** The order is that of {@code enum flow_kind} in {@code native/bpf/maps.h}. */
    public enum Kind {
        /** The first packet of a flow, let pass. */
        OPENED,
        /** A FIN. */
        CLOSING,
        /** A RST. */
        RESET,
        /** A packet was dropped. */
        DENIED
    }
}

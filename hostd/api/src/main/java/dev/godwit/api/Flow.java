package dev.godwit.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a flow of a VM.
 *
 * @param time when the packet came
 * @param host where
 * @param direction of the packet
 * @param protocol {@code tcp}, {@code udp}, {@code icmp}, {@code icmpv6}, {@code sctp}, or the IP protocol's number
 * @param vmAddress the VM's side
 * @param vmPort of ICMP echo its identifier; 0 where there is none
 * @param remoteAddress the other side
 * @param remotePort 0 where there is none
 * @param reason why it was dropped, such as {@code policy}; of {@code denied} only
 * @param lengthBytes of the packet, with its Ethernet header
 */
public record Flow(
        Instant time,
        String host,
        FlowKind kind,
        TrafficDirection direction,
        String protocol,
        String vmAddress,
        int vmPort,
        String remoteAddress,
        int remotePort,
        @Nullable String reason,
        int lengthBytes) {}

/*
 * Reads a frame's headers. Nothing here trusts a length: every byte is loaded by a bounded helper, and what contradicts
 * itself is MALFORMED. Sources: RFC 791, 8200, 1858 (tiny and overlapping fragments), 4443, 9293.
 */
#ifndef GODWIT_PACKET_H
#define GODWIT_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"

#define FINE (-1) /* of functions that else give an enum drop */

#define IPV6_EXTENSIONS_MAX 6
#define IPV6_HOP_BY_HOP 0
#define IPV6_ROUTING 43
#define IPV6_FRAGMENT 44
#define IPV6_AUTHENTICATION 51
#define IPV6_DESTINATION 60
#define ICMPV6 58
#define IP_DONT_FRAGMENT 0x4000
#define IP_MORE_FRAGMENTS 0x2000
#define IP_OFFSET 0x1fff
#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4
#define TCP_ACK 16

#define L3 ETH_HLEN

enum fragment { WHOLE, FIRST, LATER };

struct packet {
    struct address source;
    struct address destination;
    __u32 fragment_id;
    __u16 source_port; /* of ICMP echo: the identifier, in both */
    __u16 destination_port;
    __u16 l4;  /* offset in the frame */
    __u16 end; /* offset of the first byte after the IP packet, at most 65535 */
    __u8 protocol;
    __u8 version;
    __u8 fragment;
    __u8 tcp_flags;
    __u8 icmp_type;
    __u8 icmp_error;
    __u8 dont_fragment;
    __u8 header_words; /* of TCP */
};

static __always_inline bool same_address(const struct address *a, const struct address *b)
{
    const __u32 *x = (const __u32 *)a, *y = (const __u32 *)b;

    return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3];
}

static __always_inline bool no_address(const struct address *a)
{
    const __u32 *x = (const __u32 *)a;

    return (x[0] | x[1] | x[2] | x[3]) == 0;
}

static __always_inline bool mapped(const struct address *a)
{
    const __u32 *x = (const __u32 *)a;

    return (x[0] | x[1]) == 0 && x[2] == bpf_htonl(0xffff);
}

static __always_inline void map_address(struct address *to, __be32 from)
{
    __u32 *x = (__u32 *)to;

    x[0] = 0;
    x[1] = 0;
    x[2] = bpf_htonl(0xffff);
    x[3] = from;
}

static __always_inline __be32 mapped_v4(const struct address *a)
{
    return ((const __u32 *)a)[3];
}

static __always_inline bool has_ports(__u8 protocol)
{
    /* TCP, UDP, DCCP, SCTP and UDP-Lite start with source and destination port. */
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == 33 || protocol == 132 || protocol == 136;
}

static __always_inline int read_l4(struct __sk_buff *skb, struct packet *p)
{
    __u32 l4 = p->l4;
    /* A first fragment that hides what rules look at (RFC 1858), or a packet that ends before its header. */
    int hides = p->fragment == FIRST ? DROP_FRAGMENT : DROP_MALFORMED;

    if (p->protocol == IPPROTO_TCP) {
        struct tcphdr tcp;

        if (l4 + sizeof(tcp) > p->end || bpf_skb_load_bytes(skb, l4, &tcp, sizeof(tcp)) < 0)
            return hides;
        if (tcp.doff < 5 || (p->fragment == WHOLE && l4 + tcp.doff * 4 > p->end))
            return DROP_MALFORMED;
        p->source_port = bpf_ntohs(tcp.source);
        p->destination_port = bpf_ntohs(tcp.dest);
        p->tcp_flags = tcp.fin | tcp.syn << 1 | tcp.rst << 2 | tcp.ack << 4;
        p->header_words = tcp.doff;
    } else if (has_ports(p->protocol)) {
        __be16 head[4];

        if (l4 + sizeof(head) > p->end || bpf_skb_load_bytes(skb, l4, head, sizeof(head)) < 0)
            return hides;
        p->source_port = bpf_ntohs(head[0]);
        p->destination_port = bpf_ntohs(head[1]);
    } else if ((p->protocol == IPPROTO_ICMP && p->version == 4) || (p->protocol == ICMPV6 && p->version == 6)) {
        __u8 head[8];

        if (l4 + sizeof(head) > p->end || bpf_skb_load_bytes(skb, l4, head, sizeof(head)) < 0)
            return hides;
        p->icmp_type = head[0];
        if (p->version == 4) {
            p->icmp_error = head[0] == 3 || head[0] == 11 || head[0] == 12;
            if (head[0] == 0 || head[0] == 8)
                p->source_port = p->destination_port = head[4] << 8 | head[5];
        } else {
            p->icmp_error = head[0] >= 1 && head[0] <= 4;
            if (head[0] == 128 || head[0] == 129)
                p->source_port = p->destination_port = head[4] << 8 | head[5];
        }
    }
    return FINE;
}

static __always_inline int read_v4(struct __sk_buff *skb, struct packet *p)
{
    struct iphdr ip;
    __u32 total, offset;

    if (bpf_skb_load_bytes(skb, L3, &ip, sizeof(ip)) < 0)
        return DROP_MALFORMED;
    total = bpf_ntohs(ip.tot_len);
    if (ip.version != 4 || ip.ihl < 5 || total < ip.ihl * 4 || L3 + total > skb->len || total > 65535 - L3)
        return DROP_MALFORMED;
    map_address(&p->source, ip.saddr);
    map_address(&p->destination, ip.daddr);
    p->version = 4;
    p->protocol = ip.protocol;
    p->l4 = L3 + ip.ihl * 4;
    p->end = L3 + total;
    p->dont_fragment = (bpf_ntohs(ip.frag_off) & IP_DONT_FRAGMENT) != 0;
    offset = bpf_ntohs(ip.frag_off) & IP_OFFSET;
    p->fragment = offset ? LATER : bpf_ntohs(ip.frag_off) & IP_MORE_FRAGMENTS ? FIRST : WHOLE;
    p->fragment_id = ip.id;
    if (p->fragment == LATER) {
        /* One that would write over the TCP flags of the first (RFC 1858, section 3.2), or past the longest packet. */
        if (ip.protocol == IPPROTO_TCP && offset == 1)
            return DROP_FRAGMENT;
        return offset * 8 + total - ip.ihl * 4 > 65535 - ip.ihl * 4 ? DROP_MALFORMED : FINE;
    }
    return read_l4(skb, p);
}

static __always_inline int read_v6(struct __sk_buff *skb, struct packet *p)
{
    struct ipv6hdr ip;
    __u32 at = L3 + sizeof(ip), total, offset = 0;
    __u8 next;

    if (bpf_skb_load_bytes(skb, L3, &ip, sizeof(ip)) < 0)
        return DROP_MALFORMED;
    total = bpf_ntohs(ip.payload_len);
    if (ip.version != 6 || at + total > skb->len || total > 65535 - L3 - sizeof(ip))
        return DROP_MALFORMED;
    __builtin_memcpy(&p->source, &ip.saddr, ADDRESS_BYTES);
    __builtin_memcpy(&p->destination, &ip.daddr, ADDRESS_BYTES);
    /* An IPv4 address written as IPv6 would be taken for the IPv4 VM. */
    if (mapped(&p->source) || mapped(&p->destination))
        return DROP_MALFORMED;
    p->version = 6;
    p->dont_fragment = 1;
    p->end = at + total;
    next = ip.nexthdr;
    for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
        __u8 head[8];
        __u32 length;

        if (next != IPV6_HOP_BY_HOP && next != IPV6_ROUTING && next != IPV6_DESTINATION && next != IPV6_FRAGMENT
            && next != IPV6_AUTHENTICATION)
            break;
        if (i == IPV6_EXTENSIONS_MAX - 1)
            return DROP_MALFORMED;
        if (at + sizeof(head) > p->end || bpf_skb_load_bytes(skb, at, head, sizeof(head)) < 0)
            return DROP_MALFORMED;
        length = (head[1] + 1) * 8;
        if (next == IPV6_ROUTING && head[2] == 0)
            return DROP_MALFORMED; /* deprecated: RFC 5095 */
        if (next == IPV6_AUTHENTICATION)
            length = (head[1] + 2) * 4;
        if (next == IPV6_FRAGMENT) {
            if (p->fragment != WHOLE)
                return DROP_MALFORMED;
            length = 8;
            offset = (head[2] << 8 | head[3]) >> 3;
            p->fragment = offset ? LATER : head[3] & 1 ? FIRST : WHOLE;
            p->fragment_id = head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7];
        }
        next = head[0];
        at += length;
        if (at > p->end)
            return DROP_MALFORMED;
        if (p->fragment == LATER)
            break;
    }
    p->protocol = next;
    p->l4 = at;
    if (p->fragment == LATER) {
        if (next == IPPROTO_TCP && offset == 1)
            return DROP_FRAGMENT;
        return offset * 8 + (p->end - at) > 65535 ? DROP_MALFORMED : FINE;
    }
    return read_l4(skb, p);
}

/* Reads an IPv4 or IPv6 frame into `p`, which must be zero. FINE, or why not. Verified once, for all its callers. */
__noinline int read_packet(struct __sk_buff *skb, struct packet *p)
{
    __be16 protocol;

    if (!p)
        return DROP_KERNEL;
    if (skb->vlan_present)
        return DROP_NOT_IP;
    if (bpf_skb_load_bytes(skb, ETH_HLEN - 2, &protocol, sizeof(protocol)) < 0)
        return DROP_MALFORMED;
    if (protocol == bpf_htons(ETH_P_IP))
        return read_v4(skb, p);
    if (protocol == bpf_htons(ETH_P_IPV6))
        return read_v6(skb, p);
    return DROP_NOT_IP;
}

/* Whether no single station has this address: FINE, or why a packet to it is dropped. */
static __always_inline int to_one_station(const struct address *a)
{
    if (mapped(a)) {
        __u8 first = a->octets[12];

        if (first >= 224)
            return DROP_MULTICAST;
        return first == 127 || first == 0 ? DROP_MALFORMED : FINE;
    }
    if (a->octets[0] == 0xff)
        return DROP_MULTICAST;
    /* ::, ::1 and all else that is not global unicast or link-local in shape */
    return ((const __u32 *)a)[0] == 0 && ((const __u32 *)a)[1] == 0 ? DROP_MALFORMED : FINE;
}

#endif

/*
 * What the programs answer in the gateway's name, out of the tap that the question came from: ARP, neighbour
 * solicitations, echo requests, and packets too big for the way. Sources: RFC 826, 4861, 792, 4443, 1191, 8201.
 */
#ifndef GODWIT_ANSWER_H
#define GODWIT_ANSWER_H

#include "count.h"
#include "maps.h"
#include "packet.h"

#define GATEWAY_V4 bpf_htonl(0xa9fe0101)
#define GATEWAY_MAC {0x02, 0xfe, 0, 0, 0, 1}
#define ND_HOPS 255
#define ND_ROUTER_SOLICITATION 133
#define ND_ROUTER_ADVERTISEMENT 134
#define ND_SOLICITATION 135
#define ND_ADVERTISEMENT 136
#define ND_REDIRECT 137
#define ND_ROUTER_SOLICITED_OVERRIDE 0xe0
#define ND_ROUTER_OVERRIDE 0xa0
#define ANSWER_HOPS 64
/* What an error quotes behind the IP header: enough for the ports, and for the checksum that a guest left to be done. */
#define QUOTED_V4 28
#define QUOTED_V6 48

struct arp {
    __be16 hardware;
    __be16 protocol;
    __u8 hardware_bytes;
    __u8 protocol_bytes;
    __be16 operation;
    __u8 sender_mac[MAC_BYTES];
    __be32 sender;
    __u8 target_mac[MAC_BYTES];
    __be32 target;
} __attribute__((packed));

static const __u8 gateway_mac[MAC_BYTES] = GATEWAY_MAC;

static __always_inline bool same_mac(const __u8 *a, const __u8 *b)
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3] && a[4] == b[4] && a[5] == b[5];
}

static __always_inline bool is_gateway(const struct address *a)
{
    const __u32 *x = (const __u32 *)a;

    if (mapped(a))
        return mapped_v4(a) == GATEWAY_V4;
    return x[0] == bpf_htonl(0xfe800000) && x[1] == 0 && x[2] == 0 && x[3] == bpf_htonl(1);
}

static __always_inline bool is_link_local(const struct address *a)
{
    return a->octets[0] == 0xfe && (a->octets[1] & 0xc0) == 0x80;
}

static __always_inline bool belongs_to(__u32 vni, const struct address *address, __u32 ifindex)
{
    struct vm_key key = {.vni = vni, .address = *address};
    struct port *port = bpf_map_lookup_elem(&ports, &key);

    return port && port->ifindex == ifindex;
}

static __always_inline void write_macs(__u8 *frame, const __u8 *to)
{
    __builtin_memcpy(frame, to, MAC_BYTES);
    __builtin_memcpy(frame + MAC_BYTES, gateway_mac, MAC_BYTES);
}

static __always_inline __u16 fold(__s64 sum)
{
    __u64 s = (__u32)sum;

    s = (s & 0xffff) + (s >> 16);
    s = (s & 0xffff) + (s >> 16);
    return ~s;
}

/* FINE: answered. */
__noinline int answer_arp(struct __sk_buff *skb, const struct tap *tap)
{
    struct arp arp;
    struct address sender, target;
    __u8 macs[2 * MAC_BYTES];

    if (!tap)
        return DROP_KERNEL;
    if (bpf_skb_load_bytes(skb, L3, &arp, sizeof(arp)) < 0)
        return DROP_MALFORMED;
    if (arp.hardware != bpf_htons(1) || arp.protocol != bpf_htons(ETH_P_IP) || arp.hardware_bytes != MAC_BYTES
        || arp.protocol_bytes != 4 || arp.operation != bpf_htons(1))
        return DROP_ARP;
    map_address(&sender, arp.sender);
    map_address(&target, arp.target);
    if (!same_mac(arp.sender_mac, tap->mac))
        return DROP_SPOOF;
    /* A probe for an address (RFC 5227) is answered only where it would clash with the gateway. */
    if (arp.sender == 0 && arp.target != GATEWAY_V4)
        return DROP_ARP;
    if (arp.sender != 0 && !belongs_to(tap->vni, &sender, skb->ifindex))
        return DROP_SPOOF;
    if (arp.sender == arp.target || belongs_to(tap->vni, &target, skb->ifindex))
        return DROP_ARP;
    arp.operation = bpf_htons(2);
    __builtin_memcpy(arp.target_mac, arp.sender_mac, MAC_BYTES);
    __builtin_memcpy(arp.sender_mac, gateway_mac, MAC_BYTES);
    target = sender;
    arp.sender = arp.target;
    arp.target = mapped_v4(&target);
    write_macs(macs, tap->mac);
    if (bpf_skb_store_bytes(skb, L3, &arp, sizeof(arp), 0) < 0 || bpf_skb_store_bytes(skb, 0, macs, sizeof(macs), 0) < 0)
        return DROP_KERNEL;
    count_way(WAY_ARP_ANSWERED, skb->len);
    return FINE;
}

struct advertisement {
    __u8 macs[2 * MAC_BYTES];
    __be16 protocol;
    struct ipv6hdr ip;
    __u8 type;
    __u8 code;
    __u16 checksum;
    __u8 flags;
    __u8 reserved[3];
    struct address target;
    __u8 option;
    __u8 option_words;
    __u8 mac[MAC_BYTES];
} __attribute__((packed));

#define ADVERTISEMENT_BYTES 32 /* of ICMPv6 */

struct pseudo_v6 {
    struct address source;
    struct address destination;
    __be32 length;
    __be32 next;
};

/* FINE: answered. `p` is ICMPv6 of the types of neighbour discovery, from a VM. */
__noinline int answer_discovery(struct __sk_buff *skb, const struct packet *p, const struct tap *tap)
{
    struct advertisement a = {};
    struct pseudo_v6 pseudo;
    struct address target;
    __u8 hops;
    __s64 sum;

    if (!p || !tap)
        return DROP_KERNEL;
    if (p->icmp_type != ND_SOLICITATION)
        return p->icmp_type == ND_ADVERTISEMENT ? DROP_ND : DROP_RA;
    if (p->fragment != WHOLE || bpf_skb_load_bytes(skb, L3 + 7, &hops, 1) < 0 || hops != ND_HOPS)
        return DROP_ND;
    if (p->l4 + 24 > p->end || bpf_skb_load_bytes(skb, p->l4 + 8, &target, sizeof(target)) < 0)
        return DROP_MALFORMED;
    if (no_address(&p->source)) {
        if (!is_gateway(&target))
            return DROP_ND; /* the guest makes sure that its address is its own */
    } else if (!is_link_local(&p->source) && !belongs_to(tap->vni, &p->source, skb->ifindex)) {
        return DROP_SPOOF;
    }
    if (target.octets[0] == 0xff || mapped(&target) || belongs_to(tap->vni, &target, skb->ifindex)
        || (is_link_local(&target) && !is_gateway(&target)))
        return DROP_ND;
    write_macs(a.macs, tap->mac);
    a.protocol = bpf_htons(ETH_P_IPV6);
    a.ip.version = 6;
    a.ip.payload_len = bpf_htons(ADVERTISEMENT_BYTES);
    a.ip.nexthdr = ICMPV6;
    a.ip.hop_limit = ND_HOPS;
    __builtin_memcpy(&a.ip.saddr, &target, ADDRESS_BYTES);
    if (no_address(&p->source)) {
        a.ip.daddr.in6_u.u6_addr8[0] = 0xff; /* ff02::1, all nodes */
        a.ip.daddr.in6_u.u6_addr8[1] = 0x02;
        a.ip.daddr.in6_u.u6_addr8[15] = 0x01;
        a.flags = ND_ROUTER_OVERRIDE;
    } else {
        __builtin_memcpy(&a.ip.daddr, &p->source, ADDRESS_BYTES);
        a.flags = ND_ROUTER_SOLICITED_OVERRIDE;
    }
    a.type = ND_ADVERTISEMENT;
    a.target = target;
    a.option = 2; /* target link-layer address */
    a.option_words = 1;
    __builtin_memcpy(a.mac, gateway_mac, MAC_BYTES);
    __builtin_memcpy(&pseudo.source, &a.ip.saddr, ADDRESS_BYTES);
    __builtin_memcpy(&pseudo.destination, &a.ip.daddr, ADDRESS_BYTES);
    pseudo.length = bpf_htonl(ADVERTISEMENT_BYTES);
    pseudo.next = bpf_htonl(ICMPV6);
    sum = bpf_csum_diff(0, 0, (__be32 *)&pseudo, sizeof(pseudo), 0);
    {
        /* The checksum helper wants an aligned buffer of its own. */
        __u8 icmp[ADVERTISEMENT_BYTES] __attribute__((aligned(8)));

        __builtin_memcpy(icmp, &a.type, ADVERTISEMENT_BYTES);
        sum = bpf_csum_diff(0, 0, (__be32 *)icmp, sizeof(icmp), sum);
    }
    a.checksum = fold(sum);
    if (bpf_skb_change_tail(skb, sizeof(a), 0) < 0 || bpf_skb_store_bytes(skb, 0, &a, sizeof(a), 0) < 0)
        return DROP_KERNEL;
    count_way(WAY_ND_ANSWERED, sizeof(a));
    return FINE;
}

static __always_inline bool is_echo(const struct packet *p)
{
    return (p->version == 4 && p->protocol == IPPROTO_ICMP && p->icmp_type == 8)
        || (p->version == 6 && p->protocol == ICMPV6 && p->icmp_type == 128);
}

/* FINE: answered. `p` is an echo request to the gateway. */
__noinline int answer_echo(struct __sk_buff *skb, const struct packet *p, const struct tap *tap)
{
    __u8 macs[2 * MAC_BYTES], type;
    __be16 was, is;

    if (!p || !tap)
        return DROP_KERNEL;
    if (p->fragment != WHOLE)
        return DROP_FRAGMENT;
    write_macs(macs, tap->mac);
    if (p->version == 4) {
        __be32 from = mapped_v4(&p->destination), to = mapped_v4(&p->source);

        type = 0;
        was = bpf_htons(0x0800);
        is = 0;
        if (bpf_skb_store_bytes(skb, L3 + 12, &from, 4, 0) < 0 || bpf_skb_store_bytes(skb, L3 + 16, &to, 4, 0) < 0)
            return DROP_KERNEL;
    } else {
        type = 129;
        was = bpf_htons(0x8000);
        is = bpf_htons(0x8100);
        if (bpf_skb_store_bytes(skb, L3 + 8, &p->destination, ADDRESS_BYTES, 0) < 0
            || bpf_skb_store_bytes(skb, L3 + 24, &p->source, ADDRESS_BYTES, 0) < 0)
            return DROP_KERNEL;
    }
    if (bpf_l4_csum_replace(skb, p->l4 + 2, was, is, 2) < 0 || bpf_skb_store_bytes(skb, p->l4, &type, 1, 0) < 0
        || bpf_skb_store_bytes(skb, 0, macs, sizeof(macs), 0) < 0)
        return DROP_KERNEL;
    count_way(WAY_ECHO_ANSWERED, skb->len);
    return FINE;
}

struct too_big_v4 {
    __u8 macs[2 * MAC_BYTES];
    __be16 protocol;
    struct iphdr ip;
    __u8 type;
    __u8 code;
    __u16 checksum;
    __be16 unused;
    __be16 mtu;
} __attribute__((packed));

struct too_big_v6 {
    __u8 macs[2 * MAC_BYTES];
    __be16 protocol;
    struct ipv6hdr ip;
    __u8 type;
    __u8 code;
    __u16 checksum;
    __be32 mtu;
} __attribute__((packed));

static __always_inline int answer_too_big_v4(struct __sk_buff *skb, const struct packet *p, const struct tap *tap)
{
    __u8 quoted[sizeof(struct iphdr) + QUOTED_V4] __attribute__((aligned(8)));
    struct {
        __u8 bytes[8];
    } icmp __attribute__((aligned(8))) = {{3, 4}};
    struct iphdr ip __attribute__((aligned(8))) = {};
    struct too_big_v4 e = {};
    __s64 sum;

    if (p->l4 != L3 + sizeof(struct iphdr))
        return DROP_TOO_BIG; /* its options would have to be quoted too */
    if (bpf_skb_load_bytes(skb, L3, quoted, sizeof(quoted)) < 0)
        return DROP_KERNEL;
    icmp.bytes[6] = tap->mtu >> 8;
    icmp.bytes[7] = tap->mtu & 0xff;
    sum = bpf_csum_diff(0, 0, (__be32 *)&icmp, sizeof(icmp), 0);
    sum = bpf_csum_diff(0, 0, (__be32 *)quoted, sizeof(quoted), sum);
    ip.version = 4;
    ip.ihl = 5;
    ip.tot_len = bpf_htons(sizeof(ip) + sizeof(icmp) + sizeof(quoted));
    ip.ttl = ANSWER_HOPS;
    ip.protocol = IPPROTO_ICMP;
    ip.saddr = GATEWAY_V4;
    ip.daddr = mapped_v4(&p->source);
    ip.check = fold(bpf_csum_diff(0, 0, (__be32 *)&ip, sizeof(ip), 0));
    write_macs(e.macs, tap->mac);
    e.protocol = bpf_htons(ETH_P_IP);
    e.ip = ip;
    e.type = 3;
    e.code = 4;
    e.checksum = fold(sum);
    e.mtu = bpf_htons(tap->mtu);
    if (bpf_skb_change_tail(skb, L3 + sizeof(quoted), 0) < 0
        || bpf_skb_adjust_room(skb, sizeof(e) - L3, BPF_ADJ_ROOM_MAC, 0) < 0
        || bpf_skb_store_bytes(skb, 0, &e, sizeof(e), 0) < 0)
        return DROP_KERNEL;
    return FINE;
}

static __always_inline int answer_too_big_v6(struct __sk_buff *skb, const struct packet *p, const struct tap *tap)
{
    __u8 quoted[sizeof(struct ipv6hdr) + QUOTED_V6] __attribute__((aligned(8)));
    struct {
        __u8 bytes[8];
    } icmp __attribute__((aligned(8))) = {{2, 0}};
    struct too_big_v6 e = {};
    struct pseudo_v6 pseudo = {};
    __s64 sum;

    if (bpf_skb_load_bytes(skb, L3, quoted, sizeof(quoted)) < 0)
        return DROP_KERNEL;
    icmp.bytes[6] = tap->mtu >> 8;
    icmp.bytes[7] = tap->mtu & 0xff;
    pseudo.source.octets[0] = 0xfe;
    pseudo.source.octets[1] = 0x80;
    pseudo.source.octets[15] = 1;
    pseudo.destination = p->source;
    pseudo.length = bpf_htonl(sizeof(icmp) + sizeof(quoted));
    pseudo.next = bpf_htonl(ICMPV6);
    sum = bpf_csum_diff(0, 0, (__be32 *)&pseudo, sizeof(pseudo), 0);
    sum = bpf_csum_diff(0, 0, (__be32 *)&icmp, sizeof(icmp), sum);
    sum = bpf_csum_diff(0, 0, (__be32 *)quoted, sizeof(quoted), sum);
    write_macs(e.macs, tap->mac);
    e.protocol = bpf_htons(ETH_P_IPV6);
    e.ip.version = 6;
    e.ip.payload_len = bpf_htons(sizeof(icmp) + sizeof(quoted));
    e.ip.nexthdr = ICMPV6;
    e.ip.hop_limit = ANSWER_HOPS;
    __builtin_memcpy(&e.ip.saddr, &pseudo.source, ADDRESS_BYTES);
    __builtin_memcpy(&e.ip.daddr, &pseudo.destination, ADDRESS_BYTES);
    e.type = 2;
    e.checksum = fold(sum);
    e.mtu = bpf_htonl(tap->mtu);
    if (bpf_skb_change_tail(skb, L3 + sizeof(quoted), 0) < 0
        || bpf_skb_adjust_room(skb, sizeof(e) - L3, BPF_ADJ_ROOM_MAC, 0) < 0
        || bpf_skb_store_bytes(skb, 0, &e, sizeof(e), 0) < 0)
        return DROP_KERNEL;
    return FINE;
}

/* FINE: the frame is now the error, to be sent out of the tap. */
__noinline int answer_too_big(struct __sk_buff *skb, const struct packet *p, const struct tap *tap)
{
    if (!p || !tap)
        return DROP_KERNEL;
    return p->version == 4 ? answer_too_big_v4(skb, p, tap) : answer_too_big_v6(skb, p, tap);
}

#endif

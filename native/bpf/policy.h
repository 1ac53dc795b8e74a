/*
 * Who may talk to whom. The packet that opens a flow is judged by the rules of the VM's policy; what belongs to an open
 * flow passes in both directions. Rules stand in a longest-prefix map whose every entry holds all rules that cover it,
 * so one look-up and one walk give the first rule that fits.
 */
#ifndef GODWIT_POLICY_H
#define GODWIT_POLICY_H

#include "count.h"
#include "maps.h"
#include "packet.h"

#define SECOND_NS 1000000000ULL
#define IDLE_TCP_NS (6 * 3600 * SECOND_NS)
#define IDLE_NS (300 * SECOND_NS)
#define IDLE_CLOSING_NS (120 * SECOND_NS)
#define IDLE_FRAGMENT_NS (60 * SECOND_NS)
#define PREFIX_BITS_MAX (32 + ADDRESS_BYTES * 8)

static __always_inline bool fresh(const struct flow *flow, __u8 protocol, __u64 now)
{
    __u64 idle = now > flow->seen ? now - flow->seen : 0;

    if (flow->closing)
        return idle < IDLE_CLOSING_NS;
    return idle < (protocol == IPPROTO_TCP ? IDLE_TCP_NS : IDLE_NS);
}

static __always_inline int walk(const struct chain *chain, const struct packet *p, bool ports_known)
{
    for (__u32 i = 0; i < CHAIN_MAX; i++) {
        const struct rule *rule = &chain->rules[i];
        bool every_port;

        if (i >= chain->count)
            break;
        if (rule->protocol != ANY_PROTOCOL && rule->protocol != p->protocol)
            continue;
        every_port = rule->first_port == 0 && rule->last_port == 65535;
        if (!every_port && !has_ports(p->protocol))
            continue;
        if (!every_port && !ports_known) {
            /* It may be for this fragment or not: what it forbids stays out, what it allows is not thereby allowed. */
            if (rule->deny)
                return DROP_FRAGMENT;
            continue;
        }
        if (every_port || (rule->first_port <= p->destination_port && p->destination_port <= rule->last_port))
            return rule->deny ? DROP_POLICY : FINE;
    }
    return chain->deny ? DROP_POLICY : FINE;
}

/* The rules' word on a packet that belongs to no open flow: FINE, or why not. */
__noinline int by_rules(const struct packet *p, __u32 policy, __u32 direction, __u32 ports_known)
{
    struct prefix_key key;
    struct chain *chain;

    if (!p)
        return DROP_KERNEL;
    key.length = PREFIX_BITS_MAX;
    key.number = policy << 1 | (direction & 1);
    key.address = direction == OUT ? p->destination : p->source;
    chain = bpf_map_lookup_elem(&rules, &key);
    return chain ? walk(chain, p, ports_known != 0) : DROP_POLICY;
}

/* Whether an ICMP error is about a packet of an open flow: one that went the other way. */
__noinline int about_open_flow(struct __sk_buff *skb, const struct packet *p, __u32 vni, __u32 direction)
{
    struct flow_key key = {.vni = vni};
    struct address *source = direction == OUT ? &key.remote : &key.vm;
    struct address *destination = direction == OUT ? &key.vm : &key.remote;
    __be16 ports[4] = {};
    __u16 source_port = 0, destination_port = 0;
    struct flow *flow;
    __u32 at;

    if (!p)
        return 0;
    at = p->l4 + 8;
    if (p->version == 4) {
        __be32 addresses[2];
        __u8 first;

        if (at + sizeof(struct iphdr) > p->end || bpf_skb_load_bytes(skb, at, &first, 1) < 0
            || bpf_skb_load_bytes(skb, at + 9, &key.protocol, 1) < 0
            || bpf_skb_load_bytes(skb, at + 12, addresses, sizeof(addresses)) < 0)
            return 0;
        map_address(source, addresses[0]);
        map_address(destination, addresses[1]);
        at += (first & 15) * 4;
    } else {
        if (at + sizeof(struct ipv6hdr) > p->end || bpf_skb_load_bytes(skb, at + 6, &key.protocol, 1) < 0
            || bpf_skb_load_bytes(skb, at + 8, source, ADDRESS_BYTES) < 0
            || bpf_skb_load_bytes(skb, at + 24, destination, ADDRESS_BYTES) < 0)
            return 0;
        at += sizeof(struct ipv6hdr);
    }
    if (at + sizeof(ports) <= p->end && bpf_skb_load_bytes(skb, at, ports, sizeof(ports)) < 0)
        return 0;
    if (has_ports(key.protocol)) {
        source_port = bpf_ntohs(ports[0]);
        destination_port = bpf_ntohs(ports[1]);
    } else if (key.protocol == IPPROTO_ICMP || key.protocol == ICMPV6) {
        source_port = destination_port = bpf_ntohs(ports[2]);
    }
    key.vm_port = direction == OUT ? destination_port : source_port;
    key.remote_port = direction == OUT ? source_port : destination_port;
    flow = bpf_map_lookup_elem(&flows, &key);
    return flow && fresh(flow, key.protocol, bpf_ktime_get_boot_ns());
}

/*
 * Whether a VM's policy lets a packet pass; opens and closes flows, and tells of it. `port` is the VM's: the source's of
 * OUT, the destination's of IN. FINE, or why not.
 */
__noinline int judge(struct __sk_buff *skb, struct packet *p, const struct port *port, __u32 vni, __u32 direction)
{
    __u64 now = bpf_ktime_get_boot_ns();
    struct fragment_key whole = {};
    struct fragment_ports *first;
    struct flow_key key = {};
    __u32 ports_known = 1;
    struct flow *flow;
    int verdict;

    if (!p || !port)
        return DROP_KERNEL;
    if (p->fragment != WHOLE) {
        whole.vni = vni;
        whole.source = p->source;
        whole.destination = p->destination;
        whole.id = p->fragment_id;
        whole.protocol = p->protocol;
    }
    if (p->fragment == LATER) {
        first = bpf_map_lookup_elem(&fragments, &whole);
        if (first && now - first->seen < IDLE_FRAGMENT_NS) {
            p->source_port = first->source_port;
            p->destination_port = first->destination_port;
        } else {
            ports_known = 0;
        }
    }
    side_of_vm(&key, p, vni, direction);
    flow = ports_known ? bpf_map_lookup_elem(&flows, &key) : 0;
    if (flow && fresh(flow, p->protocol, now)) {
        if (now - flow->seen > SECOND_NS)
            flow->seen = now;
        if (p->tcp_flags & (TCP_FIN | TCP_RST)) {
            flow->closing = 1;
            tell(p, vni, direction, p->tcp_flags & TCP_RST ? FLOW_RESET : FLOW_CLOSING, 0, now, skb->len);
        } else if ((p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
            flow->closing = 0; /* the same ports again */
        }
    } else {
        if (p->icmp_error && about_open_flow(skb, p, vni, direction))
            return FINE;
        verdict = by_rules(p, port->policy, direction, ports_known);
        if (verdict != FINE)
            return verdict;
        if (ports_known && !p->icmp_error) {
            struct flow opened = {.seen = now, .opener = direction};
            __u32 ifindex = port->ifindex;
            struct tap_traffic *count = bpf_map_lookup_elem(&traffic, &ifindex);

            opened.closing = (p->tcp_flags & (TCP_FIN | TCP_RST)) != 0;
            bpf_map_update_elem(&flows, &key, &opened, BPF_ANY);
            if (count)
                count->opened++;
            tell(p, vni, direction, FLOW_OPENED, 0, now, skb->len);
        }
    }
    if (p->fragment == FIRST) {
        struct fragment_ports mine = {
            .seen = now, .source_port = p->source_port, .destination_port = p->destination_port};

        bpf_map_update_elem(&fragments, &whole, &mine, BPF_ANY);
    }
    return FINE;
}

/* Whether the host itself sends to this destination, instead of the network's edge. */
__noinline int local_egress(__u32 policy, const struct address *destination)
{
    struct prefix_key key = {.length = PREFIX_BITS_MAX, .number = policy};
    __u32 *local;

    if (!destination)
        return 0;
    key.address = *destination;
    local = bpf_map_lookup_elem(&egress, &key);
    return local && *local;
}

#endif

/* Where a packet goes: to a VM of this host, to another host, to the network's edge, to the host's own stack. */
#ifndef GODWIT_SEND_H
#define GODWIT_SEND_H

#include "answer.h"
#include "count.h"
#include "maps.h"
#include "packet.h"
#include "policy.h"

#define TUNNEL_TTL 64

static __always_inline const struct settings *host_settings(void)
{
    __u32 zero = 0;

    return bpf_map_lookup_elem(&settings, &zero);
}

static __always_inline const struct location *locate(__u32 vni, const struct address *address)
{
    struct vm_key key = {.vni = vni, .address = *address};

    return bpf_map_lookup_elem(&locations, &key);
}

static __always_inline const struct port *port_of(__u32 vni, const struct address *address)
{
    struct vm_key key = {.vni = vni, .address = *address};

    return bpf_map_lookup_elem(&ports, &key);
}

/* The other host where a VM is, as its old port here or else its location says; 0: none is known. */
static __always_inline const struct address *where(
    __u32 vni, const struct port *port, const struct address *address)
{
    const struct location *there;

    if (port)
        return &port->forward;
    there = locate(vni, address);
    if (there)
        return &there->host;
    return 0;
}

/* Sets where the VXLAN device will send the packet. FINE or DROP_KERNEL. */
__noinline int address_to(struct __sk_buff *skb, const struct address *host, const struct settings *mine, __u32 id)
{
    struct bpf_tunnel_key key = {.tunnel_id = id, .tunnel_ttl = TUNNEL_TTL};
    __u64 flags = BPF_F_ZERO_CSUM_TX;

    if (!host || !mine || no_address(host))
        return DROP_KERNEL;
    if (mapped(host)) {
        key.remote_ipv4 = bpf_ntohl(mapped_v4(host));
        key.local_ipv4 = bpf_ntohl(mapped_v4(&mine->underlay));
    } else {
        __builtin_memcpy(key.remote_ipv6, host, ADDRESS_BYTES);
        __builtin_memcpy(key.local_ipv6, &mine->underlay, ADDRESS_BYTES);
        flags = BPF_F_TUNINFO_IPV6;
    }
    return bpf_skb_set_tunnel_key(skb, &key, sizeof(key), flags) < 0 ? DROP_KERNEL : FINE;
}

/* Gives the packet to a VM of this host that runs or will run. FINE: redirect to the port's tap. */
static __always_inline int give(struct __sk_buff *skb, const struct port *port)
{
    __u8 macs[2 * MAC_BYTES];

    if (port->state == PORT_HOLD) {
        __u32 ifindex = port->ifindex;
        struct held *waiting = bpf_map_lookup_elem(&held, &ifindex);

        if (waiting && __sync_fetch_and_add(&waiting->bytes, skb->len) + skb->len > waiting->bytes_max) {
            __sync_fetch_and_add(&waiting->bytes, -(__u64)skb->len);
            return DROP_HOLD_FULL;
        }
    }
    write_macs(macs, port->mac);
    return bpf_skb_store_bytes(skb, 0, macs, sizeof(macs), 0) < 0 ? DROP_KERNEL : FINE;
}

/* Gives the packet to the host's own network stack. */
static __always_inline int to_stack(struct __sk_buff *skb, const struct settings *mine)
{
    skb->mark = mine->stack_mark;
    /* The inner frame was not addressed to this device. */
    if (skb->pkt_type != 0 && bpf_skb_change_type(skb, 0 /* PACKET_HOST */) < 0)
        return DROP_KERNEL;
    return FINE;
}

#define SEND_DROP(reason) return dropped(skb, p, tap->vni, ifindex, WHY(OUT, reason))

/*
 * Sends a VM's packet, that was judged, to where its destination is now. A tunnel key that was set before a packet waits
 * is not its own any more: the kernel has one for each CPU. So it is set here, and the device takes it at once.
 *
 * `waited`: this is the VXLAN device's egress, after the VM's pace; else the ingress of its tap.
 */
static __always_inline int send_on(
    struct __sk_buff *skb,
    struct packet *p,
    const struct tap *tap,
    const struct port *port,
    const struct address *host,
    const struct settings *mine,
    __u32 ifindex,
    bool waited)
{
    const struct edge *edge;
    __u32 way = WAY_TO_HOST;
    int bad;

    if (port && port->state != PORT_FORWARD) {
        __u32 to = port->ifindex;

        bad = judge(skb, p, port, tap->vni, IN);
        if (bad == FINE)
            bad = give(skb, port);
        if (bad != FINE)
            return dropped(skb, p, tap->vni, to, WHY(IN, bad));
        count_way(port->state == PORT_HOLD ? WAY_HELD : WAY_NEIGHBOUR, skb->len);
        count_passed(ifindex, OUT, skb->len);
        count_passed(to, IN, skb->len);
        return bpf_redirect(to, 0);
    }
    if (host) {
        if (same_address(host, &mine->underlay))
            SEND_DROP(DROP_NO_VM);
    } else {
        if (is_link_local(&p->destination) && !is_gateway(&p->destination))
            SEND_DROP(DROP_NO_VM);
        edge = bpf_map_lookup_elem(&edges, &tap->vni);
        if (local_egress(tap->policy, &p->destination) || (edge && same_address(&edge->host, &mine->underlay))) {
            bad = to_stack(skb, mine);
            if (bad != FINE)
                SEND_DROP(bad);
            count_way(WAY_TO_STACK, skb->len);
            count_passed(ifindex, OUT, skb->len);
            return waited ? bpf_redirect(ifindex, BPF_F_INGRESS) : TC_ACT_OK;
        }
        if (!edge)
            SEND_DROP(DROP_NO_EDGE);
        host = &edge->host;
        way = WAY_TO_EDGE;
    }
    bad = address_to(skb, host, mine, tap->vni);
    if (bad != FINE)
        SEND_DROP(bad);
    count_way(way, skb->len);
    count_passed(ifindex, OUT, skb->len);
    return waited ? TC_ACT_OK : bpf_redirect(mine->vxlan, 0);
}

#endif

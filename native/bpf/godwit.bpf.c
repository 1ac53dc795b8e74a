/*
 * The data plane: what a host and an edge do with VMs' packets. The kernel's VXLAN device in external mode carries them;
 * these programs say where to. One source for host and edge:
 *
 *   vm_out  ingress of a VM's tap           what the VM sends
 *   vx_in   ingress of a host's VXLAN       what other machines send to the host's VMs
 *   vx_gw   ingress of an edge's VXLAN      what VMs send to the world outside
 *   vx_out  egress of an edge's VXLAN       what the world outside sends to VMs
 *
 * A VM that is held to a rate for what it sends has a device above the VXLAN device, in whose queue its packets wait
 * (`paces`): vm_out judges them and puts them there, vx_out sends them on when their time has come.
 */
#include "answer.h"
#include "count.h"
#include "maps.h"
#include "packet.h"
#include "policy.h"
#include "send.h"

char LICENSE[] SEC("license") = "Apache-2.0";

#define DHCP_SERVER 67
#define DHCP_CLIENT 68
#define DHCPV6_CLIENT 546
#define DHCPV6_SERVER 547
#define ETH_P_NUDGE 0x88b5 /* a frame of hostd's, that lets a queue look at its clock; IEEE 802 local experimental */

static __always_inline bool in_other_network(__u32 vni, const struct address *address)
{
    __u32 *network = bpf_map_lookup_elem(&networks, address);

    return network && *network != vni;
}

static __always_inline bool is_dhcp(const struct packet *p)
{
    __u16 port = p->destination_port;

    if (p->protocol != IPPROTO_UDP || p->fragment == LATER)
        return false;
    return p->version == 4 ? port == DHCP_SERVER || port == DHCP_CLIENT : port == DHCPV6_SERVER || port == DHCPV6_CLIENT;
}

/* Longer than the VM's MTU once the card has cut it. */
static __always_inline bool too_big(struct __sk_buff *skb, const struct packet *p, const struct tap *tap)
{
    __u32 bytes = p->end - L3;

    if (skb->gso_size)
        bytes = p->l4 - L3 + (p->protocol == IPPROTO_TCP ? p->header_words * 4 : 8) + skb->gso_size;
    return bytes > tap->mtu && p->dont_fragment;
}

static __always_inline bool lease_holds(void)
{
    __u32 zero = 0;
    __u64 *deadline = bpf_map_lookup_elem(&lease, &zero);

    return deadline && bpf_ktime_get_boot_ns() < *deadline;
}

/* Whether the VM may speak: its address is its own, its host's lease holds, and no other host owns it. FINE, or why not. */
__noinline int may_speak(const struct packet *p, const struct tap *tap, const struct settings *mine)
{
    const struct location *here;

    if (!p || !tap || !mine)
        return DROP_KERNEL;
    if (!lease_holds())
        return DROP_LEASE;
    here = locate(tap->vni, &p->source);
    if (here && !same_address(&here->host, &mine->underlay) && !same_address(&here->previous, &mine->underlay))
        return DROP_STALE;
    return FINE;
}

#define OUT_DROP(reason) return dropped(skb, &p, tap->vni, skb->ifindex, WHY(OUT, reason))

SEC("tc")
int vm_out(struct __sk_buff *skb)
{
    const struct port *own, *port;
    const struct settings *mine = host_settings();
    const struct address *host;
    const struct tap *tap;
    struct packet p = {};
    struct ethhdr eth;
    __u32 ifindex = skb->ifindex, *pace;
    int bad;

    tap = bpf_map_lookup_elem(&taps, &ifindex);
    if (!tap || !mine)
        return dropped(skb, &p, 0, ifindex, WHY(OUT, DROP_NO_PORT));
    /* It was judged, has waited for its time and is on its way up. What comes out of a tap has no mark. */
    if (mine->stack_mark && skb->mark == mine->stack_mark) {
        bad = to_stack(skb, mine);
        if (bad != FINE)
            OUT_DROP(bad);
        return TC_ACT_OK;
    }
    if (bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)) < 0)
        OUT_DROP(DROP_MALFORMED);
    if (!same_mac(eth.h_source, tap->mac))
        OUT_DROP(DROP_SPOOF);
    if (eth.h_proto == bpf_htons(ETH_P_ARP) && !skb->vlan_present) {
        bad = answer_arp(skb, tap);
        if (bad != FINE)
            OUT_DROP(bad);
        return bpf_redirect(ifindex, 0);
    }
    bad = read_packet(skb, &p);
    if (bad != FINE)
        OUT_DROP(bad);
    if (is_dhcp(&p))
        OUT_DROP(DROP_DHCP);
    if (p.version == 6 && p.protocol == ICMPV6 && p.icmp_type >= ND_ROUTER_SOLICITATION && p.icmp_type <= ND_REDIRECT) {
        bad = answer_discovery(skb, &p, tap);
        if (bad != FINE)
            OUT_DROP(bad);
        return bpf_redirect(ifindex, 0);
    }
    own = port_of(tap->vni, &p.source);
    if (own && own->ifindex != ifindex)
        own = 0;
    if (is_gateway(&p.destination) && is_echo(&p) && (own || is_link_local(&p.source))) {
        bad = answer_echo(skb, &p, tap);
        if (bad != FINE)
            OUT_DROP(bad);
        return bpf_redirect(ifindex, 0);
    }
    /* Group traffic of the link itself (MLD, IGMP) comes under any address and goes nowhere. */
    bad = to_one_station(&p.destination);
    if (bad != FINE)
        OUT_DROP(bad);
    if (!own)
        OUT_DROP(DROP_SPOOF);
    bad = may_speak(&p, tap, mine);
    if (bad != FINE)
        OUT_DROP(bad);
    port = port_of(tap->vni, &p.destination);
    host = where(tap->vni, port, &p.destination);
    if (!host) {
        if (bpf_map_lookup_elem(&peers, &p.destination))
            OUT_DROP(DROP_POLICY);
        if (in_other_network(tap->vni, &p.destination))
            OUT_DROP(DROP_OTHER_NETWORK);
    }
    if (too_big(skb, &p, tap)) {
        dropped(skb, &p, tap->vni, ifindex, WHY(OUT, DROP_TOO_BIG));
        bad = answer_too_big(skb, &p, tap);
        if (bad == FINE)
            return bpf_redirect(ifindex, 0);
        return TC_ACT_SHOT;
    }
    bad = judge(skb, &p, own, tap->vni, OUT);
    if (bad != FINE)
        OUT_DROP(bad);
    pace = bpf_map_lookup_elem(&paces, &ifindex);
    if (pace)
        return bpf_redirect(*pace, 0);
    return send_on(skb, &p, tap, port, host, mine, ifindex, false);
}

/* Who sent the packet through the underlay, and its VXLAN network identifier. FINE, or DROP_STRANGER. */
static __always_inline int sender_of(struct __sk_buff *skb, struct address *sender, __u32 *id)
{
    struct bpf_tunnel_key key = {};

    if (bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0) == 0) {
        map_address(sender, bpf_htonl(key.remote_ipv4));
    } else if (bpf_skb_get_tunnel_key(skb, &key, sizeof(key), BPF_F_TUNINFO_IPV6) == 0) {
        __builtin_memcpy(sender, key.remote_ipv6, ADDRESS_BYTES);
    } else {
        return DROP_STRANGER;
    }
    *id = key.tunnel_id;
    if (key.tunnel_id & ~(VNI_MASK | FORWARDED))
        return DROP_STRANGER;
    return bpf_map_lookup_elem(&peers, sender) ? FINE : DROP_STRANGER;
}

/* Whether a peer may speak for the inner source, or pass on late packets to the inner destination. */
__noinline int may_speak_for(const struct packet *p, const struct address *sender, __u32 vni, __u32 forwarded)
{
    const struct location *source, *there;

    if (!p || !sender)
        return 0;
    source = locate(vni, &p->source);
    if (source) {
        if (same_address(&source->host, sender) || same_address(&source->previous, sender))
            return true;
    } else {
        const struct edge *edge = bpf_map_lookup_elem(&edges, &vni);

        if (edge && (same_address(&edge->host, sender) || same_address(&edge->other, sender)))
            return true;
    }
    if (!forwarded)
        return false;
    there = locate(vni, &p->destination);
    return there && (same_address(&there->previous, sender) || same_address(&there->forwarder, sender));
}

/* Judges a packet and puts it into the tap of a VM of this host. */
static __always_inline int deliver(struct __sk_buff *skb, struct packet *p, const struct port *port, __u32 vni)
{
    __u32 ifindex = port->ifindex;
    int bad = judge(skb, p, port, vni, IN);

    if (bad == FINE)
        bad = give(skb, port);
    if (bad != FINE)
        return dropped(skb, p, vni, ifindex, WHY(IN, bad));
    count_way(port->state == PORT_HOLD ? WAY_HELD : WAY_DELIVERED, skb->len);
    count_passed(ifindex, IN, skb->len);
    return bpf_redirect(ifindex, 0);
}

#define IN_DROP(reason) return dropped(skb, &p, vni, 0, WHY(IN, reason))

static __always_inline int receive(struct __sk_buff *skb, bool gateway)
{
    const struct settings *mine = host_settings();
    const struct address *host;
    const struct port *port;
    struct packet p = {};
    struct address sender;
    __u32 id = 0, vni = 0;
    bool forwarded;
    int bad;

    if (!mine)
        return dropped(skb, &p, 0, 0, WHY(IN, DROP_NO_PORT));
    bad = sender_of(skb, &sender, &id);
    vni = id & VNI_MASK;
    forwarded = (id & FORWARDED) != 0;
    if (bad != FINE)
        IN_DROP(bad);
    bad = read_packet(skb, &p);
    if (bad != FINE)
        IN_DROP(bad);
    bad = to_one_station(&p.destination);
    if (bad != FINE)
        IN_DROP(bad);
    if (!may_speak_for(&p, &sender, vni, forwarded))
        IN_DROP(DROP_STRANGER);

    port = port_of(vni, &p.destination);
    if (port && port->state != PORT_FORWARD)
        return deliver(skb, &p, port, vni);
    host = where(vni, port, &p.destination);
    if (!host) {
        if (in_other_network(vni, &p.destination))
            IN_DROP(DROP_OTHER_NETWORK);
        if (!gateway)
            IN_DROP(DROP_NO_VM);
        if (bpf_map_lookup_elem(&peers, &p.destination))
            IN_DROP(DROP_POLICY);
        bad = to_stack(skb, mine);
        if (bad != FINE)
            IN_DROP(bad);
        count_way(WAY_TO_STACK, skb->len);
        return TC_ACT_OK;
    }
    /* It was here, or the sender's map is old. */
    if (same_address(host, &mine->underlay))
        IN_DROP(DROP_NO_VM);
    if (forwarded)
        IN_DROP(DROP_LOOP);
    bad = address_to(skb, host, mine, vni | FORWARDED);
    if (bad != FINE)
        IN_DROP(bad);
    count_way(WAY_FORWARDED, skb->len);
    return bpf_redirect(mine->vxlan, 0);
}

SEC("tc")
int vx_in(struct __sk_buff *skb)
{
    return receive(skb, false);
}

SEC("tc")
int vx_gw(struct __sk_buff *skb)
{
    return receive(skb, true);
}

/* The tap of this host that the packet came out of, and into its VM's pace; 0: it did not. */
static __always_inline const struct tap *paced(struct __sk_buff *skb, const struct settings *mine)
{
    __u32 from = skb->ingress_ifindex;

    /* What the host's stack passes on keeps the tap that it came by, and the mark that it got there. */
    if (!from || !mine || skb->mark == mine->stack_mark || !bpf_map_lookup_elem(&paces, &from))
        return 0;
    return bpf_map_lookup_elem(&taps, &from);
}

/* What a VM sends, when its time has come. */
static __always_inline int go_on(struct __sk_buff *skb, const struct tap *tap, const struct settings *mine)
{
    __u32 ifindex = skb->ingress_ifindex;
    const struct port *port;
    struct packet p = {};
    int bad = read_packet(skb, &p);

    /* It may have waited for longer than the lease held. */
    if (bad == FINE && !lease_holds())
        bad = DROP_LEASE;
    if (bad != FINE)
        return dropped(skb, &p, tap->vni, ifindex, WHY(OUT, bad));
    port = port_of(tap->vni, &p.destination);
    return send_on(skb, &p, tap, port, where(tap->vni, port, &p.destination), mine, ifindex, true);
}

SEC("tc")
int vx_out(struct __sk_buff *skb)
{
    const struct settings *mine = host_settings();
    const struct tap *tap = paced(skb, mine);
    const struct address *host;
    const struct port *port;
    struct bpf_tunnel_key key;
    struct packet p = {};
    __u32 vni = 0, *network;
    int bad;

    /* Without a tunnel key the device lets it fall, and counts nothing. */
    if (skb->protocol == bpf_htons(ETH_P_NUDGE))
        return TC_ACT_OK;
    if (tap)
        return go_on(skb, tap, mine);
    /* A program of this host has said where it goes. */
    if (bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0) == 0
        || bpf_skb_get_tunnel_key(skb, &key, sizeof(key), BPF_F_TUNINFO_IPV6) == 0)
        return TC_ACT_OK;
    if (!mine)
        return dropped(skb, &p, 0, 0, WHY(IN, DROP_NO_PORT));
    bad = read_packet(skb, &p);
    if (bad != FINE)
        IN_DROP(bad);
    bad = to_one_station(&p.destination);
    if (bad != FINE)
        IN_DROP(bad);
    network = bpf_map_lookup_elem(&networks, &p.destination);
    if (!network)
        IN_DROP(DROP_NO_VM);
    vni = *network;
    if (in_other_network(vni, &p.source))
        IN_DROP(DROP_OTHER_NETWORK);
    port = port_of(vni, &p.destination);
    if (port && port->state != PORT_FORWARD)
        return deliver(skb, &p, port, vni);
    host = where(vni, port, &p.destination);
    if (!host)
        IN_DROP(DROP_NO_VM);
    if (same_address(host, &mine->underlay))
        IN_DROP(DROP_NO_VM);
    bad = address_to(skb, host, mine, vni);
    if (bad != FINE)
        IN_DROP(bad);
    count_way(WAY_FROM_STACK, skb->len);
    return TC_ACT_OK;
}

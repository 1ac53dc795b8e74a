/*
 * What the programs and hostd share: maps, keys and values. hostd/net writes and reads the same bytes (little endian,
 * ports and numbers in host order, addresses as in packets). A change of a key or value is a new LAYOUT: maps live on
 * while hostd is replaced.
 */
#ifndef GODWIT_MAPS_H
#define GODWIT_MAPS_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#define VNI_BITS 22
#define VNI_MASK ((1U << VNI_BITS) - 1)
#define FORWARDED (1U << VNI_BITS) /* on the wire: this packet was passed on once */

#define ADDRESS_BYTES 16
#define MAC_BYTES 6
#define CHAIN_MAX 32
#define ANY_PROTOCOL 256
#define HOLD_BYTES_MAX (64ULL << 20)

/* The order is that of dev.godwit.net.DropReason. */
enum drop {
    DROP_MALFORMED,
    DROP_NOT_IP,
    DROP_NO_PORT,
    DROP_SPOOF,
    DROP_ARP,
    DROP_ND,
    DROP_RA,
    DROP_DHCP,
    DROP_MULTICAST,
    DROP_FRAGMENT,
    DROP_LEASE,
    DROP_STALE,
    DROP_POLICY,
    DROP_OTHER_NETWORK,
    DROP_NO_VM,
    DROP_NO_EDGE,
    DROP_STRANGER,
    DROP_LOOP,
    DROP_HOLD_FULL,
    DROP_TOO_BIG,
    DROP_KERNEL,
    DROPS,
};

/* The order is that of dev.godwit.net.Way. */
enum way {
    WAY_NEIGHBOUR,
    WAY_TO_HOST,
    WAY_TO_EDGE,
    WAY_TO_STACK,
    WAY_DELIVERED,
    WAY_HELD,
    WAY_FORWARDED,
    WAY_FROM_STACK,
    WAY_ARP_ANSWERED,
    WAY_ND_ANSWERED,
    WAY_ECHO_ANSWERED,
    WAY_EVENT_LOST,
    WAYS,
};

enum direction { OUT, IN };

enum port_state { PORT_LIVE, PORT_HOLD, PORT_FORWARD };

/* The order is that of dev.godwit.net.FlowEvent.Kind. */
enum flow_kind { FLOW_OPENED, FLOW_CLOSING, FLOW_RESET, FLOW_DENIED };

#define COUNTERS 32 /* a direction's share of `drops`; room for new reasons without a new layout */

/* An IPv6 address, or ::ffff:a.b.c.d for IPv4. All zero: none. */
struct address {
    __u8 octets[ADDRESS_BYTES];
};

struct vm_key {
    __u32 vni;
    struct address address;
};

struct location {
    __u64 fence;
    struct address host;
    struct address previous;  /* may speak for the VM */
    struct address forwarder; /* may pass on late packets to the VM */
};

struct tap {
    __u32 vni;
    __u32 policy;
    __u8 mac[MAC_BYTES];
    __u16 mtu;
};

struct port {
    __u32 ifindex;
    __u32 policy;
    __u8 mac[MAC_BYTES];
    __u8 state;
    __u8 pad;
    struct address forward;
};

struct edge {
    struct address host;
    struct address other;
};

struct prefix_key {
    __u32 length; /* in bits, of number and address */
    __u32 number; /* of rules: policy << 1 | direction; of egress: policy */
    struct address address;
};

struct rule {
    __u16 protocol;
    __u16 deny;
    __u16 first_port;
    __u16 last_port;
};

/* Every rule that covers a prefix, in the policy's order, so that the longest match knows all. */
struct chain {
    __u32 count;
    __u32 deny; /* if no rule fits */
    struct rule rules[CHAIN_MAX];
};

struct flow_key {
    __u32 vni;
    struct address vm;
    struct address remote;
    __u16 vm_port;
    __u16 remote_port;
    __u8 protocol;
    __u8 pad[3];
};

struct flow {
    __u64 seen; /* CLOCK_BOOTTIME, ns */
    __u8 opener;
    __u8 closing;
    __u8 pad[6];
};

struct fragment_key {
    __u32 vni;
    struct address source;
    struct address destination;
    __u32 id;
    __u32 protocol;
};

struct fragment_ports {
    __u64 seen;
    __u16 source_port;
    __u16 destination_port;
    __u8 pad[4];
};

struct settings {
    struct address underlay;
    __u32 vxlan;
    __u32 stack_mark;
};

struct held {
    __u64 bytes;
    __u64 bytes_max;
};

struct traffic {
    __u64 packets;
    __u64 bytes;
};

struct tap_traffic {
    struct traffic out;
    struct traffic in;
    struct traffic dropped;
    __u64 opened;
    __u64 denied_at; /* when a drop was last told, so that a flood does not fill the ring */
};

struct flow_event {
    __u64 at; /* CLOCK_BOOTTIME, ns */
    struct flow_key key;
    __u8 kind;
    __u8 direction;
    __u8 reason;
    __u8 pad;
    __u32 bytes;
    __u32 pad2;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 131072);
    __type(key, struct vm_key);
    __type(value, struct location);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} locations SEC(".maps");

/* The network of an address: addresses are one fleet-wide space. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 131072);
    __type(key, struct address);
    __type(value, __u32);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} networks SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 4096);
    __type(key, __u32);
    __type(value, struct tap);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} taps SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 16384);
    __type(key, struct vm_key);
    __type(value, struct port);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} ports SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 16384);
    __type(key, struct address);
    __type(value, __u32);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} peers SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 16384);
    __type(key, __u32);
    __type(value, struct edge);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} edges SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 262144);
    __type(key, struct prefix_key);
    __type(value, struct chain);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} rules SEC(".maps");

/* Destinations that the host sends itself. */
struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 262144);
    __type(key, struct prefix_key);
    __type(value, __u32);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} egress SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 131072);
    __type(key, struct flow_key);
    __type(value, struct flow);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} flows SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 8192);
    __type(key, struct fragment_key);
    __type(value, struct fragment_ports);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} fragments SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct settings);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} settings SEC(".maps");

/* CLOCK_BOOTTIME in ns after which no VM speaks; 0: none does. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} lease SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 4096);
    __type(key, __u32);
    __type(value, struct held);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} held SEC(".maps");

/* By tap, where what its VM sends is held to a rate: the device above the VXLAN device in whose queue it waits. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 4096);
    __type(key, __u32);
    __type(value, __u32);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} paces SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 2 * COUNTERS);
    __type(key, __u32);
    __type(value, struct traffic);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} drops SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, COUNTERS);
    __type(key, __u32);
    __type(value, struct traffic);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} ways SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 4096);
    __type(key, __u32);
    __type(value, struct tap_traffic);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} traffic SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 20);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} events SEC(".maps");

#endif

/* Counters and flow events. */
#ifndef GODWIT_COUNT_H
#define GODWIT_COUNT_H

#include "maps.h"
#include "packet.h"

#define DENIED_EVENT_NS 1000000ULL /* drops of one VM are told at most this often per CPU; all are counted */

static __always_inline void count_way(__u32 way, __u64 bytes)
{
    struct traffic *count = bpf_map_lookup_elem(&ways, &way);

    if (count) {
        count->packets++;
        count->bytes += bytes;
    }
}

static __always_inline void count_passed(__u32 ifindex, __u8 direction, __u64 bytes)
{
    struct tap_traffic *count = bpf_map_lookup_elem(&traffic, &ifindex);
    struct traffic *side;

    if (!count)
        return;
    side = direction == OUT ? &count->out : &count->in;
    side->packets++;
    side->bytes += bytes;
}

static __always_inline void side_of_vm(struct flow_key *key, const struct packet *p, __u32 vni, __u8 direction)
{
    key->vni = vni;
    key->protocol = p->protocol;
    if (direction == OUT) {
        key->vm = p->source;
        key->remote = p->destination;
        key->vm_port = p->source_port;
        key->remote_port = p->destination_port;
    } else {
        key->vm = p->destination;
        key->remote = p->source;
        key->vm_port = p->destination_port;
        key->remote_port = p->source_port;
    }
}

static __always_inline void tell(
    const struct packet *p, __u32 vni, __u8 direction, __u8 kind, __u8 reason, __u64 now, __u32 bytes)
{
    struct flow_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

    if (!event) {
        count_way(WAY_EVENT_LOST, bytes);
        return;
    }
    __builtin_memset(event, 0, sizeof(*event));
    event->at = now;
    side_of_vm(&event->key, p, vni, direction);
    event->kind = kind;
    event->direction = direction;
    event->reason = reason;
    event->bytes = bytes;
    bpf_ringbuf_submit(event, 0);
}

/* Counts a drop and tells of it. `p` with version 0: the headers could not be read. Always TC_ACT_SHOT. */
__noinline int dropped(struct __sk_buff *skb, const struct packet *p, __u32 vni, __u32 ifindex, __u32 why)
{
    __u32 direction = why >> 8 & 1, reason = why & (COUNTERS - 1), index = direction * COUNTERS + reason;
    struct traffic *count = bpf_map_lookup_elem(&drops, &index);
    struct tap_traffic *vm = bpf_map_lookup_elem(&traffic, &ifindex);
    __u64 now = bpf_ktime_get_boot_ns();

    if (count) {
        count->packets++;
        count->bytes += skb->len;
    }
    if (vm) {
        vm->dropped.packets++;
        vm->dropped.bytes += skb->len;
        if (now - vm->denied_at < DENIED_EVENT_NS)
            return TC_ACT_SHOT;
        vm->denied_at = now;
    }
    if (p && p->version)
        tell(p, vni, direction, FLOW_DENIED, reason, now, skb->len);
    return TC_ACT_SHOT;
}

#define WHY(direction, reason) ((__u32)(direction) << 8 | (reason))

#endif

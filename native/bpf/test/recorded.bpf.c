/*
 * The product's programs with three helpers replaced by ones that a test can see and feed: PROG_TEST_RUN neither
 * executes redirects nor carries tunnel keys. Made for tests only; hostd never loads it.
 */
#include "../maps.h"

#include <bpf/bpf_endian.h>

struct record {
    __u32 redirects;
    __u32 redirected_to;
    __u32 keys;
    __u32 refuse; /* set by a test: the kernel refuses to set a key */
    __u32 arrived; /* set by a test: 4 or 6, the packet came through a tunnel */
    __u32 mark;
    struct bpf_tunnel_key set;
    struct bpf_tunnel_key got; /* set by a test */
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct record);
} record SEC(".maps");

static __always_inline struct record *recorded(void)
{
    __u32 zero = 0;

    return bpf_map_lookup_elem(&record, &zero);
}

static __always_inline long recorded_redirect(__u32 ifindex, __u64 flags)
{
    struct record *r = recorded();

    if (r) {
        r->redirects++;
        r->redirected_to = ifindex;
    }
    return bpf_redirect(ifindex, flags);
}

static __always_inline long recorded_set_key(
    struct __sk_buff *skb, const struct bpf_tunnel_key *key, __u32 bytes, __u64 flags)
{
    struct record *r = recorded();

    if (!r || r->refuse)
        return -1;
    r->keys++;
    r->set = *key;
    return bpf_skb_set_tunnel_key(skb, (struct bpf_tunnel_key *)key, bytes, flags);
}

static __always_inline long recorded_get_key(
    struct __sk_buff *skb, struct bpf_tunnel_key *key, __u32 bytes, __u64 flags)
{
    struct record *r = recorded();

    if (!r || r->arrived != (flags & BPF_F_TUNINFO_IPV6 ? 6 : 4))
        return -1;
    *key = r->got;
    return 0;
}

#define bpf_redirect recorded_redirect
#define bpf_skb_set_tunnel_key recorded_set_key
#define bpf_skb_get_tunnel_key recorded_get_key
#include "../godwit.bpf.c"

/*
 * The last bytes of one output stream, read by absolute offset: [first, end). It starts small and doubles up to RING_BYTES_MAX as
 * bytes come, as long as all rings together stay below the budget; then it drops the oldest.
 */
#ifndef RING_H
#define RING_H

#include "guestd.h"

/* What a reader that was away may miss at most; the interface promises it a stream. */
#define RING_BYTES_MAX (8u * 1024u * 1024u)
#define RING_BYTES_FIRST (64u * 1024u)
/* All rings together take at most a quarter of the guest's memory, and never more than this: the memory is the job's. */
#define RING_BUDGET_MAX (256u * 1024u * 1024u)
#define RING_BUDGET_MIN (16u * 1024u * 1024u)

struct ring {
    uint8_t *bytes;
    size_t capacity;
    uint64_t first, end;
};

void rings_set_budget(void);
void ring_free(struct ring *ring);
/* How many bytes a reader that has consumed up to `keep` leaves room for. Grows first, so that nothing is dropped while it may. */
size_t ring_room(struct ring *ring, uint64_t keep);
/* Appends bytes and lets go of the oldest that no longer fit; `length` is at most the capacity that ring_room made. */
void ring_append(struct ring *ring, const uint8_t *bytes, size_t length);
/* Copies up to `max` bytes from `offset`, which lies in [first, end]. */
size_t ring_copy(const struct ring *ring, uint64_t offset, uint8_t *into, size_t max);

#endif

#include "ring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

static size_t budget = RING_BUDGET_MIN, spent;

void rings_set_budget(void) {
    struct sysinfo info;
    if (sysinfo(&info) < 0) return;
    uint64_t quarter = (uint64_t)info.totalram * info.mem_unit / 4;
    budget = quarter < RING_BUDGET_MIN ? RING_BUDGET_MIN : quarter > RING_BUDGET_MAX ? RING_BUDGET_MAX : (size_t)quarter;
}

static uint8_t *map(size_t bytes) {
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return NULL;
    /* A fork for an exec need not copy the page tables of megabytes of old output. */
    madvise(at, bytes, MADV_DONTFORK);
    return at;
}

void ring_free(struct ring *ring) {
    if (!ring->bytes) return;
    munmap(ring->bytes, ring->capacity);
    spent -= ring->capacity;
    ring->bytes = NULL;
    ring->capacity = 0;
    ring->first = ring->end;
}

static bool grow(struct ring *ring) {
    size_t larger = ring->capacity ? ring->capacity * 2 : RING_BYTES_FIRST;
    /* The first step is always granted: 64 KiB a stream is within the bound of sessions. */
    if (larger > RING_BYTES_MAX || (ring->capacity && spent + larger > budget)) return false;
    uint8_t *bytes = map(larger);
    if (!bytes) return false;
    for (uint64_t offset = ring->first; offset < ring->end;) {
        size_t at = offset % larger, part = larger - at;
        offset += ring_copy(ring, offset, bytes + at, part);
    }
    if (ring->bytes) munmap(ring->bytes, ring->capacity);
    spent += larger - ring->capacity;
    ring->bytes = bytes;
    ring->capacity = larger;
    return true;
}

size_t ring_room(struct ring *ring, uint64_t keep) {
    while (ring->capacity - (ring->end - ring->first) < RING_BYTES_FIRST && grow(ring)) continue;
    uint64_t held = keep < ring->end ? ring->end - (keep < ring->first ? ring->first : keep) : 0;
    return held >= ring->capacity ? 0 : ring->capacity - (size_t)held;
}

void ring_append(struct ring *ring, const uint8_t *bytes, size_t length) {
    while (length > 0) {
        size_t at = ring->end % ring->capacity, part = ring->capacity - at;
        if (part > length) part = length;
        memcpy(ring->bytes + at, bytes, part);
        bytes += part;
        length -= part;
        ring->end += part;
    }
    if (ring->end - ring->first > ring->capacity) ring->first = ring->end - ring->capacity;
}

size_t ring_copy(const struct ring *ring, uint64_t offset, uint8_t *into, size_t max) {
    size_t copied = 0;
    while (copied < max && offset < ring->end) {
        size_t at = offset % ring->capacity, part = ring->capacity - at;
        if (part > ring->end - offset) part = ring->end - offset;
        if (part > max - copied) part = max - copied;
        memcpy(into + copied, ring->bytes + at, part);
        copied += part;
        offset += part;
    }
    return copied;
}

/* Writes pages that describe themselves to random places of a block of memory and verifies others, until SIGTERM.
 *
 * A page holds {magic, page number, generation, seed, checksum} and words that follow from them; a ledger outside the
 * pages holds the generation that each should have. What is found wrong is told apart:
 *   stale      a whole, older page: a write was lost (a dirty page that was not sent)
 *   ahead      a whole, newer page: the ledger itself went back
 *   misplaced  a whole page of another number
 *   zeroed     nothing but zeros
 *   garbage    anything else, also a page that is half old and half new
 */
#include "probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE_BYTES 4096u
#define PAGE_WORDS (PAGE_BYTES / 8)
#define HEADER_WORDS 5u
#define MAGIC 0x474f4457495450ull
#define STEPS_PER_NAP 16u /* short enough to spread the writes, long enough that naps cost little */
#define REPORTS_MAX 32u   /* a broken memory must not flood the log */

enum fault { STALE, AHEAD, MISPLACED, ZEROED, GARBAGE, FAULT_KINDS };
static const char *const fault_names[FAULT_KINDS] = {"stale", "ahead", "misplaced", "zeroed", "garbage"};

struct checker {
    uint64_t *memory;
    uint32_t *ledger;
    uint64_t pages;
    uint64_t seed;
    uint64_t random;
    uint64_t verified;
    uint64_t written;
    uint64_t faults[FAULT_KINDS];
};

static uint64_t mix(uint64_t page, uint64_t generation, uint64_t seed) {
    uint64_t x = seed ^ (page * 0x9E3779B97F4A7C15ull) ^ (generation * 0xC2B2AE3D27D4EB4Full);
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9ull;
    x ^= x >> 32;
    return x | 1;
}

static uint64_t errors(const struct checker *c) {
    uint64_t sum = 0;
    for (int kind = 0; kind < FAULT_KINDS; kind++) sum += c->faults[kind];
    return sum;
}

static void write_page(struct checker *c, uint64_t page) {
    uint64_t generation = ++c->ledger[page];
    uint64_t *words = c->memory + page * PAGE_WORDS;
    uint64_t state = mix(page, generation, c->seed);
    words[0] = MAGIC;
    words[1] = page;
    words[2] = generation;
    words[3] = c->seed;
    words[4] = state;
    for (unsigned i = HEADER_WORDS; i < PAGE_WORDS; i++) words[i] = state += 0x9E3779B97F4A7C15ull;
    c->written++;
}

/* Whether the page is whole: its words all follow from its own header. */
static bool whole(const uint64_t *words) {
    uint64_t state = mix(words[1], words[2], words[3]);
    uint64_t wrong = (words[0] ^ MAGIC) | (words[4] ^ state);
    for (unsigned i = HEADER_WORDS; i < PAGE_WORDS; i++) {
        state += 0x9E3779B97F4A7C15ull;
        wrong |= words[i] ^ state;
    }
    return wrong == 0;
}

static enum fault classify(const struct checker *c, uint64_t page) {
    const uint64_t *words = c->memory + page * PAGE_WORDS;
    if (whole(words) && words[3] == c->seed) {
        if (words[1] != page) return MISPLACED;
        return words[2] < c->ledger[page] ? STALE : AHEAD;
    }
    uint64_t any = 0;
    for (unsigned i = 0; i < PAGE_WORDS; i++) any |= words[i];
    return any == 0 ? ZEROED : GARBAGE;
}

static void verify_page(struct checker *c, uint64_t page) {
    const uint64_t *words = c->memory + page * PAGE_WORDS;
    c->verified++;
    if (words[1] == page && words[2] == c->ledger[page] && words[3] == c->seed && whole(words)) return;
    enum fault kind = classify(c, page);
    if (errors(c) < REPORTS_MAX) {
        printf("pages: page %" PRIu64 " is %s: generation %" PRIu64 ", expected %u\n", page, fault_names[kind], words[2],
               c->ledger[page]);
    }
    c->faults[kind]++;
    c->ledger[page]++;
    write_page(c, page); /* repaired, so that one lost write counts once */
}

static void status_json(const struct checker *c, char *json) {
    int used = snprintf(json, STATUS_BYTES_MAX,
                        "{\"probe\":\"pages\",\"pages\":%" PRIu64 ",\"verified\":%" PRIu64 ",\"written\":%" PRIu64
                        ",\"errors\":%" PRIu64,
                        c->pages, c->verified, c->written, errors(c));
    for (int kind = 0; kind < FAULT_KINDS; kind++) {
        used += snprintf(json + used, STATUS_BYTES_MAX - (size_t)used, ",\"%s\":%" PRIu64, fault_names[kind],
                         c->faults[kind]);
    }
    snprintf(json + used, STATUS_BYTES_MAX - (size_t)used, "}");
}

int main(int argc, char **argv) {
    static const char *const known[] = {"--mib", "--rate", "--seed", "--status", NULL};
    probe_known(argc, argv, known);
    probe_signals();
    uint64_t mib = probe_number(argc, argv, "--mib", 64);
    uint64_t rate = probe_number(argc, argv, "--rate", 2000); /* page writes a second; 0: as fast as it goes */
    const char *status = probe_text(argc, argv, "--status", NULL);
    if (mib < 1 || mib > 65536 || rate > 10000000) {
        fprintf(stderr, "pages: --mib %" PRIu64 " is not in 1..65536 or --rate %" PRIu64 " not in 0..10000000\n", mib, rate);
        return 2;
    }

    struct checker c = {.pages = mib * 1048576 / PAGE_BYTES, .seed = probe_number(argc, argv, "--seed", 0)};
    if (c.seed == 0) c.seed = probe_nanos(CLOCK_REALTIME) | 1;
    c.random = c.seed;
    c.memory = mmap(NULL, c.pages * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    c.ledger = calloc(c.pages, sizeof *c.ledger);
    if (c.memory == MAP_FAILED || c.ledger == NULL) probe_fail("memory for", "the pages");
    for (uint64_t page = 0; page < c.pages; page++) write_page(&c, page);
    printf("pages: %" PRIu64 " pages at %p\n", c.pages, (void *)c.memory);

    char json[STATUS_BYTES_MAX];
    uint64_t started = probe_nanos(CLOCK_MONOTONIC);
    uint64_t steps = 0, status_at = started, line_at = started + 1000000000ull;
    while (!probe_stopped) {
        for (unsigned i = 0; i < STEPS_PER_NAP; i++) {
            uint64_t page = probe_random(&c.random) % c.pages;
            verify_page(&c, page);
            write_page(&c, page);
            verify_page(&c, probe_random(&c.random) % c.pages);
        }
        steps += STEPS_PER_NAP;
        uint64_t now = probe_nanos(CLOCK_MONOTONIC);
        if (now >= status_at) {
            status_json(&c, json);
            probe_status(status, json);
            status_at = now + STATUS_INTERVAL_NANOS;
        }
        if (now >= line_at) {
            printf("pages: verified %" PRIu64 " errors %" PRIu64 "\n", c.verified, errors(&c));
            line_at = now + 1000000000ull;
        }
        if (rate == 0) continue;
        uint64_t due = started + steps * 1000000000ull / rate;
        if (due > now) {
            probe_sleep_until(due);
        } else { /* late: what was missed is not made up for in a burst */
            started = now - steps * 1000000000ull / rate;
        }
    }
    for (uint64_t page = 0; page < c.pages; page++) verify_page(&c, page);
    status_json(&c, json);
    probe_status(status, json);
    printf("%s\nverified %" PRIu64 " errors %" PRIu64 "\n", json, c.verified, errors(&c));
    return errors(&c) == 0 ? 0 : 1;
}

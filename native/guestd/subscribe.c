#include "subscribe.h"

#include <string.h>

struct subscription {
    uint64_t id, sent, consumed;
    uint32_t window;
    struct session *session;
    enum stream_name name;
    bool end_sent;
};

static struct subscription subscriptions[SUBSCRIPTIONS_MAX];
static size_t count, next_turn;

static struct subscription *find(uint64_t id) {
    for (size_t i = 0; i < count; i++)
        if (subscriptions[i].id == id) return &subscriptions[i];
    return NULL;
}

void subscribe(struct origin origin, struct reader *reader) {
    char id[ID_BYTES_MAX + 1];
    struct subscription wanted = {.id = read_u64(reader)};
    read_string(reader, id, sizeof id);
    uint8_t name = read_u8(reader);
    wanted.sent = read_u64(reader);
    wanted.consumed = read_u64(reader);
    wanted.window = read_u32(reader);
    if (reader->broken || name >= STREAMS || wanted.window == 0 || wanted.window > WINDOW_BYTES_MAX
        || wanted.consumed > wanted.sent || wanted.sent - wanted.consumed > wanted.window) {
        answer_error(origin, BAD_REQUEST, 0, "SUBSCRIBE wants stream 0 or 1, a window of 1 to %u bytes and what was consumed within it", WINDOW_BYTES_MAX);
        return;
    }
    wanted.name = name;
    wanted.session = exec_find(id);
    if (!wanted.session) {
        answer_error(origin, UNKNOWN_ID, 0, "no exec %s", id);
        return;
    }
    const struct ring *ring = &wanted.session->streams[name].ring;
    struct subscription *place = find(wanted.id);
    if (wanted.sent < ring->first) {
        answer_error(origin, OFFSET_GONE, ring->first, "offset %lu of exec %s is gone, kept from %lu", wanted.sent, id, ring->first);
    } else if (wanted.sent > ring->end) {
        answer_error(origin, OFFSET_AHEAD, ring->end, "offset %lu of exec %s is beyond its end %lu", wanted.sent, id, ring->end);
    } else if (!place && count == SUBSCRIPTIONS_MAX) {
        answer_error(origin, LIMIT, SUBSCRIPTIONS_MAX, "%u subscriptions are open", SUBSCRIPTIONS_MAX);
    } else {
        uint8_t payload[16];
        struct writer writer = {payload, 0, sizeof payload, false};
        write_u64(&writer, ring->first);
        write_u64(&writer, ring->end);
        *(place ? place : &subscriptions[count++]) = wanted;
        answer_ok(origin, &writer);
    }
}

static void remove_at(size_t index) {
    subscriptions[index] = subscriptions[--count];
}

void unsubscribe(struct origin origin, struct reader *reader) {
    struct subscription *found = find(read_u64(reader));
    if (found) remove_at((size_t)(found - subscriptions));
    answer_ok(origin, NULL);
}

void credit(struct reader *reader) {
    struct subscription *found = find(read_u64(reader));
    uint64_t consumed = read_u64(reader);
    if (reader->broken || !found || consumed < found->consumed) return;
    if (consumed > found->session->streams[found->name].ring.end) return;
    found->consumed = consumed;
    /* After a new subscription the host may have more than we sent since. */
    if (found->sent < consumed) found->sent = consumed;
}

void subscriptions_drop(void) {
    count = 0;
}

void subscriptions_drop_of(const struct session *session) {
    for (size_t i = count; i-- > 0;)
        if (subscriptions[i].session == session) remove_at(i);
}

uint64_t subscriptions_keep(const struct session *session, enum stream_name name) {
    uint64_t keep = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct subscription *each = &subscriptions[i];
        if (each->session == session && each->name == name && each->consumed < keep) keep = each->consumed;
    }
    return keep;
}

static bool push_one(struct subscription *subscription) {
    static uint8_t payload[16 + PUSH_BYTES_MAX];
    const struct stream *stream = &subscription->session->streams[subscription->name];
    struct writer writer = {payload, 0, sizeof payload, false};
    write_u64(&writer, subscription->id);
    write_u64(&writer, subscription->sent);
    uint64_t limit = subscription->consumed + subscription->window;
    if (subscription->sent < stream->ring.end && subscription->sent < limit) {
        size_t max = limit - subscription->sent < PUSH_BYTES_MAX ? (size_t)(limit - subscription->sent) : PUSH_BYTES_MAX;
        size_t bytes = ring_copy(&stream->ring, subscription->sent, payload + writer.used, max);
        subscription->sent += bytes;
        push(OUTPUT, payload, writer.used + bytes);
        return true;
    }
    if (stream->ended && subscription->sent == stream->ring.end && !subscription->end_sent) {
        subscription->end_sent = true;
        push(OUTPUT_END, payload, writer.used);
    }
    return false;
}

void subscriptions_push(void) {
    size_t idle = 0;
    while (idle < count && channel_may_push()) {
        next_turn = (next_turn + 1) % count;
        idle = push_one(&subscriptions[next_turn]) ? 0 : idle + 1;
    }
}

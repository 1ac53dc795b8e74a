#include "exec.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "spawn.h"
#include "subscribe.h"

static struct session sessions[SESSIONS_MAX];

struct session *exec_find(const char *id) {
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (sessions[i].used && strcmp(sessions[i].id, id) == 0) return &sessions[i];
    return NULL;
}

static struct session *find_or_answer(struct origin origin, struct reader *reader) {
    char id[ID_BYTES_MAX + 1];
    read_string(reader, id, sizeof id);
    struct session *session = reader->broken ? NULL : exec_find(id);
    if (!session) answer_error(origin, reader->broken ? BAD_REQUEST : UNKNOWN_ID, 0, "no exec %s", id);
    return session;
}

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void release(struct session *session) {
    subscriptions_drop_of(session);
    close_fd(&session->exec_fd);
    close_fd(&session->stdin_fd);
    for (int name = 0; name < STREAMS; name++) {
        close_fd(&session->streams[name].fd);
        ring_free(&session->streams[name].ring);
    }
    free(session->stdin_bytes);
    memset(session, 0, sizeof *session);
}

static uint64_t fingerprint(const struct reader *reader) {
    uint64_t hash = 14695981039346656037u;
    for (const uint8_t *at = reader->at; at < reader->end; at++) hash = (hash ^ *at) * 1099511628211u;
    return hash ^ (uint64_t)crc32c(reader->at, (size_t)(reader->end - reader->at)) << 32;
}

static void answer_started(struct session *session, struct origin origin) {
    uint8_t payload[8];
    struct writer writer = {payload, 0, sizeof payload, false};
    write_u64(&writer, (uint64_t)session->pid);
    answer_ok(origin, &writer);
}

static void answer_again(struct session *session, struct origin origin, uint64_t content) {
    if (session->content != content) {
        answer_error(origin, CONFLICT, 0, "exec %s exists with another content: choose a new id", session->id);
    } else if (session->starting) {
        session->started_by = origin;
    } else {
        answer_started(session, origin);
    }
}

void exec_start(struct origin origin, struct reader *reader) {
    uint64_t content = fingerprint(reader);
    char id[ID_BYTES_MAX + 1];
    read_string(reader, id, sizeof id);
    struct session *session = exec_find(id);
    if (session) {
        answer_again(session, origin, content);
        return;
    }
    for (size_t i = 0; i < SESSIONS_MAX && !session; i++)
        if (!sessions[i].used) session = &sessions[i];
    if (!session) {
        answer_error(origin, LIMIT, SESSIONS_MAX, "%d execs are kept: FORGET the ended ones", SESSIONS_MAX);
        return;
    }
    struct spawned spawned;
    const char *refusal = spawn(reader, &spawned);
    if (refusal || id[0] == 0) {
        answer_error(origin, BAD_REQUEST, 0, "exec '%s': %s", id, refusal ? refusal : "the id is empty");
        return;
    }
    if (spawned.error) {
        answer_error(origin, SYSTEM, (uint64_t)spawned.error, "exec %s: no process: %s", id, strerror(spawned.error));
        return;
    }
    memset(session, 0, sizeof *session);
    session->used = session->starting = session->running = true;
    strcpy(session->id, id);
    session->content = content;
    session->tty = spawned.tty;
    session->pid = spawned.pid;
    session->exec_fd = spawned.exec_fd;
    session->stdin_fd = spawned.stdin_fd;
    session->started_by = origin;
    session->streams[STDOUT] = (struct stream){.fd = spawned.stdout_fd};
    session->streams[STDERR] = (struct stream){.fd = spawned.stderr_fd, .ended = spawned.stderr_fd < 0};
}

/* The child closes exec_fd by exec, or says why it could not. */
static void hear_start(struct session *session) {
    int error = 0;
    ssize_t got = read(session->exec_fd, &error, sizeof error);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    close_fd(&session->exec_fd);
    session->starting = false;
    if (got == (ssize_t)sizeof error) {
        answer_error(session->started_by, SYSTEM, (uint64_t)error, "exec %s: %s", session->id, strerror(error));
        kill(session->pid, SIGKILL);
        release(session);
    } else {
        answer_started(session, session->started_by);
    }
}

/* ---- output ---- */

static void end_stream(struct stream *stream) {
    stream->ended = true;
    close_fd(&stream->fd);
}

static size_t stream_room(struct session *session, enum stream_name name) {
    struct stream *stream = &session->streams[name];
    return ring_room(&stream->ring, subscriptions_keep(session, name));
}

static void hear_output(struct session *session, enum stream_name name) {
    static uint8_t bytes[RING_BYTES_FIRST];
    struct stream *stream = &session->streams[name];
    size_t room = stream->ended ? sizeof bytes : stream_room(session, name);
    if (room == 0) return;
    ssize_t got = read(stream->fd, bytes, room < sizeof bytes ? room : sizeof bytes);
    if (got > 0 && !stream->ended) ring_append(&stream->ring, bytes, (size_t)got);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    /* A terminal whose last process closed it says EIO. */
    if (got <= 0) end_stream(stream);
}

void exec_lingered(void) {
    uint64_t now = monotonic_millis();
    for (struct session *session = sessions; session < sessions + SESSIONS_MAX; session++) {
        if (!session->used || session->running || now < session->exited_millis + LINGER_MILLIS) continue;
        for (int name = 0; name < STREAMS; name++) {
            struct stream *stream = &session->streams[name];
            /* The pipe stays open and is read into nothing: a daemon that a job left must not die of SIGPIPE. */
            if (stream->fd >= 0 && stream->ring.end >= stream->owed) stream->ended = true;
        }
    }
}

int exec_timeout_millis(void) {
    uint64_t now = monotonic_millis();
    int least = -1;
    for (struct session *session = sessions; session < sessions + SESSIONS_MAX; session++) {
        if (!session->used || session->running) continue;
        for (int name = 0; name < STREAMS; name++) {
            struct stream *stream = &session->streams[name];
            if (stream->fd < 0 || stream->ended || stream->ring.end < stream->owed) continue;
            uint64_t due = session->exited_millis + LINGER_MILLIS;
            int wait = due > now ? (int)(due - now) + 1 : 1;
            if (least < 0 || wait < least) least = wait;
        }
    }
    return least;
}

/* ---- input ---- */

static size_t stdin_held(const struct session *session) {
    return (size_t)(session->stdin_accepted - session->stdin_written);
}

static void answer_stdin(struct session *session, struct origin origin) {
    uint8_t payload[8];
    struct writer writer = {payload, 0, sizeof payload, false};
    write_u64(&writer, session->stdin_accepted);
    answer_ok(origin, &writer);
}

static void close_stdin(struct session *session) {
    if (session->stdin_waits.request) answer_error(session->stdin_waits, STDIN_CLOSED, session->stdin_written, "exec %s reads no more", session->id);
    session->stdin_waits.request = 0;
    close_fd(&session->stdin_fd);
}

static void feed_stdin(struct session *session) {
    while (session->stdin_fd >= 0 && stdin_held(session) > 0) {
        size_t at = session->stdin_written % STDIN_BYTES_MAX, part = STDIN_BYTES_MAX - at;
        if (part > stdin_held(session)) part = stdin_held(session);
        ssize_t put = write(session->stdin_fd, session->stdin_bytes + at, part);
        if (put < 0 && (errno == EAGAIN || errno == EINTR)) break;
        if (put < 0) {
            close_stdin(session);
            return;
        }
        session->stdin_written += (size_t)put;
    }
    if (session->stdin_waits.request && stdin_held(session) <= STDIN_BYTES_MAX / 2) {
        answer_stdin(session, session->stdin_waits);
        session->stdin_waits.request = 0;
    }
    if (session->stdin_eof && stdin_held(session) == 0 && session->stdin_fd >= 0) {
        /* A terminal has no end of file but the character for it. */
        if (session->tty && write(session->stdin_fd, "\004", 1) < 0) say("exec %s: no end of input for its terminal: %s", session->id, strerror(errno));
        close_stdin(session);
    }
}

void exec_stdin(struct origin origin, struct reader *reader) {
    struct session *session = find_or_answer(origin, reader);
    uint64_t offset = read_u64(reader);
    bool eof = read_u8(reader);
    uint32_t length;
    const uint8_t *bytes = read_bytes(reader, &length);
    if (!session) return;
    if (reader->broken) {
        answer_error(origin, BAD_REQUEST, 0, "STDIN of exec %s is cut short", session->id);
        return;
    }
    if (offset > session->stdin_accepted) {
        answer_error(origin, OFFSET_AHEAD, session->stdin_accepted, "stdin of exec %s has %lu bytes, not %lu", session->id, session->stdin_accepted, offset);
        return;
    }
    if (offset + length <= session->stdin_accepted && (!eof || session->stdin_eof)) {
        answer_stdin(session, origin);
        return;
    }
    if (session->stdin_fd < 0 || session->stdin_eof) {
        answer_error(origin, STDIN_CLOSED, session->stdin_written, "exec %s reads no more", session->id);
        return;
    }
    if (!session->stdin_bytes) session->stdin_bytes = must_alloc(STDIN_BYTES_MAX);
    uint64_t end = offset + length;
    while (session->stdin_accepted < end && stdin_held(session) < STDIN_BYTES_MAX) {
        size_t at = session->stdin_accepted % STDIN_BYTES_MAX, part = STDIN_BYTES_MAX - at;
        if (part > STDIN_BYTES_MAX - stdin_held(session)) part = STDIN_BYTES_MAX - stdin_held(session);
        if (part > end - session->stdin_accepted) part = (size_t)(end - session->stdin_accepted);
        memcpy(session->stdin_bytes + at, bytes + (session->stdin_accepted - offset), part);
        session->stdin_accepted += part;
    }
    if (session->stdin_accepted == end) {
        session->stdin_eof |= eof;
        answer_stdin(session, origin);
    } else {
        session->stdin_waits = origin;
    }
    feed_stdin(session);
}

/* ---- the rest ---- */

void exec_signal(struct origin origin, struct reader *reader) {
    struct session *session = find_or_answer(origin, reader);
    uint32_t number = read_u32(reader);
    uint64_t key = read_u64(reader);
    if (!session) return;
    if (reader->broken || number == 0 || number >= NSIG || key == 0) {
        answer_error(origin, BAD_REQUEST, number, "signal %u is not one of 1 to %d", number, NSIG - 1);
        return;
    }
    for (int i = 0; i < SIGNAL_KEYS; i++) {
        if (session->signal_keys[i] == key) {
            answer_ok(origin, NULL);
            return;
        }
    }
    if (!session->running) {
        answer_error(origin, ENDED, 0, "exec %s has ended", session->id);
        return;
    }
    if (kill(-session->pid, (int)number) < 0 && kill(session->pid, (int)number) < 0) {
        answer_error(origin, SYSTEM, (uint64_t)errno, "signal %u to exec %s: %s", number, session->id, strerror(errno));
        return;
    }
    if (session->tty) {
        /* A shell with job control keeps its foreground job in a group of its own. */
        pid_t group = tcgetpgrp(session->streams[STDOUT].fd);
        if (group > 0 && group != session->pid) kill(-group, (int)number);
    }
    session->signal_keys[session->signals++ % SIGNAL_KEYS] = key;
    answer_ok(origin, NULL);
}

static void write_state(struct writer *writer, const struct session *session) {
    write_u8(writer, session->running ? 0 : WIFSIGNALED(session->exit_status) ? 2 : 1);
    write_u32(writer, session->running ? 0 : (uint32_t)(WIFSIGNALED(session->exit_status) ? WTERMSIG(session->exit_status) : WEXITSTATUS(session->exit_status)));
}

void exec_status(struct origin origin, struct reader *reader) {
    struct session *session = find_or_answer(origin, reader);
    if (!session) return;
    uint8_t payload[128];
    struct writer writer = {payload, 0, sizeof payload, false};
    write_state(&writer, session);
    write_u64(&writer, (uint64_t)session->pid);
    write_u64(&writer, session->stdin_accepted);
    for (int name = 0; name < STREAMS; name++) {
        write_u64(&writer, session->streams[name].ring.first);
        write_u64(&writer, session->streams[name].ring.end);
        write_u8(&writer, session->streams[name].ended);
    }
    answer_ok(origin, &writer);
}

void exec_forget(struct origin origin, struct reader *reader) {
    char id[ID_BYTES_MAX + 1];
    read_string(reader, id, sizeof id);
    struct session *session = reader->broken ? NULL : exec_find(id);
    if (session && session->running) {
        answer_error(origin, CONFLICT, 0, "exec %s still runs: end it first", id);
        return;
    }
    if (session) release(session);
    answer_ok(origin, NULL);
}

void exec_winsize(struct origin origin, struct reader *reader) {
    struct session *session = find_or_answer(origin, reader);
    struct winsize size = {.ws_row = (unsigned short)read_u32(reader), .ws_col = (unsigned short)read_u32(reader)};
    if (!session) return;
    if (reader->broken || !session->tty || session->streams[STDOUT].fd < 0 || ioctl(session->streams[STDOUT].fd, TIOCSWINSZ, &size) < 0) {
        answer_error(origin, BAD_REQUEST, 0, "exec %s has no terminal to resize", session->id);
        return;
    }
    answer_ok(origin, NULL);
}

void exec_list(struct origin origin) {
    uint8_t payload[SESSIONS_MAX * (ID_BYTES_MAX + 16)];
    struct writer writer = {payload, 0, sizeof payload, false};
    for (struct session *session = sessions; session < sessions + SESSIONS_MAX; session++) {
        if (!session->used) continue;
        write_string(&writer, session->id);
        write_state(&writer, session);
    }
    answer_ok(origin, &writer);
}

/* What stands in the pipe when the process ends is its output, however slow the reader is. */
static void note_owed(struct stream *stream) {
    int bytes = 0;
    if (stream->fd >= 0 && ioctl(stream->fd, FIONREAD, &bytes) < 0) bytes = 0;
    stream->owed = stream->ring.end + (uint64_t)bytes;
}

void exec_ended(pid_t pid, int status) {
    for (struct session *session = sessions; session < sessions + SESSIONS_MAX; session++) {
        if (!session->used || !session->running || session->pid != pid) continue;
        if (session->starting) hear_start(session);
        if (!session->used) return;
        session->running = false;
        session->exit_status = status;
        session->exited_millis = monotonic_millis();
        for (int name = 0; name < STREAMS; name++) note_owed(&session->streams[name]);
        uint8_t payload[128];
        struct writer writer = {payload, 0, sizeof payload, false};
        write_string(&writer, session->id);
        write_state(&writer, session);
        push(EXITED, payload, writer.used);
        return;
    }
}

size_t exec_polls(struct pollfd *polls) {
    size_t count = 0;
    for (struct session *session = sessions; session < sessions + SESSIONS_MAX; session++) {
        if (!session->used) continue;
        if (session->exec_fd >= 0) polls[count++] = (struct pollfd){session->exec_fd, POLLIN, 0};
        if (session->stdin_fd >= 0) polls[count++] = (struct pollfd){session->stdin_fd, stdin_held(session) ? POLLOUT : 0, 0};
        for (int name = 0; name < STREAMS; name++) {
            struct stream *stream = &session->streams[name];
            if (stream->fd < 0) continue;
            bool hears = stream->ended || stream_room(session, name) > 0;
            /* Without interest the descriptor stays out: a hang-up is reported unasked and would spin. */
            if (hears) polls[count++] = (struct pollfd){stream->fd, POLLIN, 0};
        }
    }
    return count;
}

static short came(const struct pollfd *polls, size_t count, int fd) {
    for (size_t i = 0; fd >= 0 && i < count; i++)
        if (polls[i].fd == fd) return polls[i].revents;
    return 0;
}

void exec_polled(const struct pollfd *polls, size_t count) {
    for (struct session *session = sessions; session < sessions + SESSIONS_MAX; session++) {
        if (!session->used) continue;
        if (came(polls, count, session->exec_fd)) hear_start(session);
        if (!session->used) continue;
        short input = came(polls, count, session->stdin_fd);
        if (input & (POLLERR | POLLHUP)) close_stdin(session);
        else if (input & POLLOUT) feed_stdin(session);
        for (int name = 0; name < STREAMS; name++)
            if (came(polls, count, session->streams[name].fd) & (POLLIN | POLLHUP | POLLERR)) hear_output(session, name);
    }
}

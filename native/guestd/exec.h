/*
 * Exec sessions: processes that hostd started under an id of its choice. A session, its exit and its output stay until FORGET.
 * Starting it again with the same content answers the same session, with other content it is a conflict.
 */
#ifndef EXEC_H
#define EXEC_H

#include <poll.h>
#include <sys/types.h>

#include "channel.h"
#include "ring.h"

/* Ended sessions count too, until they are forgotten: a job's steps are tens, and 64 x 2 rings of 64 KiB are 8 MiB. */
#define SESSIONS_MAX 64
#define ID_BYTES_MAX 64
/* One request's worth: the host is told to go on when half of it is free. */
#define STDIN_BYTES_MAX FRAME_PAYLOAD_MAX
/* A signal request that is repeated with one of the last keys was already delivered. */
#define SIGNAL_KEYS 16
/* After the exit, what a child left in the background writes belongs to the session for this long; later it is dropped. */
#define LINGER_MILLIS 2000
#define EXEC_POLLS_MAX (SESSIONS_MAX * 4)

enum stream_name { STDOUT, STDERR, STREAMS };

struct stream {
    int fd;
    bool ended;
    uint64_t owed;
    struct ring ring;
};

struct session {
    char id[ID_BYTES_MAX + 1];
    uint64_t content;
    pid_t pid;
    bool used, tty, starting, running, stdin_eof;
    int exit_status, exec_fd, stdin_fd;
    struct origin started_by, stdin_waits;
    uint64_t exited_millis, stdin_accepted, stdin_written;
    uint8_t *stdin_bytes;
    uint64_t signal_keys[SIGNAL_KEYS];
    unsigned signals;
    struct stream streams[STREAMS];
};

struct session *exec_find(const char *id);
void exec_start(struct origin origin, struct reader *reader);
void exec_stdin(struct origin origin, struct reader *reader);
void exec_signal(struct origin origin, struct reader *reader);
void exec_status(struct origin origin, struct reader *reader);
void exec_forget(struct origin origin, struct reader *reader);
void exec_winsize(struct origin origin, struct reader *reader);
void exec_list(struct origin origin);

/* A child of PID 1 ended; strangers (orphans of jobs) are just gone. */
void exec_ended(pid_t pid, int status);
/* Fills `polls` with what sessions wait for; exec_polled acts on what came. Times in milliseconds, -1 for none. */
size_t exec_polls(struct pollfd *polls);
void exec_polled(const struct pollfd *polls, size_t count);
int exec_timeout_millis(void);
void exec_lingered(void);

#endif

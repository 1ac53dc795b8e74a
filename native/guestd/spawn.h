/* Starts the process of an exec session: its own process group, pipes or a terminal, and nothing of guestd's descriptors. */
#ifndef SPAWN_H
#define SPAWN_H

#include <sys/types.h>

#include "words.h"

struct spawned {
    pid_t pid;
    /* All non-blocking; exec_fd ends at the exec or carries its errno. With a terminal stdin and stdout are its master, stderr is -1. */
    int exec_fd, stdin_fd, stdout_fd, stderr_fd, error;
    bool tty;
};

/* Reads {argv, env, cwd, tty, rows, columns, uid, gid}; gives a sentence when the request makes no sense. */
const char *spawn(struct reader *reader, struct spawned *spawned);

#endif

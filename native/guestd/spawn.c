#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A frame is the bound of their bytes; these keep the tables small. */
#define ARGUMENTS_MAX 4096
#define VARIABLES_MAX 4096
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct command {
    char **argv, **env, *strings, *used;
    char cwd[4096];
    uint8_t tty;
    uint32_t rows, columns, uid, gid;
};

static char **read_list(struct reader *reader, struct command *command, uint32_t max, uint32_t spare) {
    uint32_t count = read_u32(reader);
    if (reader->broken || count > max) {
        reader->broken = true;
        return NULL;
    }
    char **list = must_alloc((count + spare + 1) * sizeof *list);
    memset(list, 0, (count + spare + 1) * sizeof *list);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length;
        const uint8_t *at = read_bytes(reader, &length);
        if (!at || memchr(at, 0, length)) {
            reader->broken = true;
            return list;
        }
        list[i] = command->used;
        memcpy(command->used, at, length);
        command->used[length] = 0;
        command->used += length + 1;
    }
    return list;
}

static void add_default(char **env, const char *name, char *assignment) {
    size_t length = strlen(name);
    char **at = env;
    for (; *at; at++)
        if (strncmp(*at, name, length) == 0 && (*at)[length] == '=') return;
    *at = assignment;
}

static const char *read_command(struct reader *reader, struct command *command) {
    command->strings = command->used = must_alloc((size_t)(reader->end - reader->at) + ARGUMENTS_MAX + VARIABLES_MAX);
    command->argv = read_list(reader, command, ARGUMENTS_MAX, 0);
    if (reader->broken) return "argv is cut short, has a NUL inside or more than 4096 entries";
    command->env = read_list(reader, command, VARIABLES_MAX, 3);
    if (reader->broken) return "env is cut short, has a NUL inside or more than 4096 entries";
    read_string(reader, command->cwd, sizeof command->cwd);
    command->tty = read_u8(reader);
    command->rows = read_u32(reader);
    command->columns = read_u32(reader);
    command->uid = read_u32(reader);
    command->gid = read_u32(reader);
    if (reader->broken) return "the request is cut short, or cwd is longer than 4095 bytes";
    if (!command->argv[0] || !command->argv[0][0]) return "argv is empty";
    add_default(command->env, "PATH", "PATH=" DEFAULT_PATH);
    if (command->uid == 0) add_default(command->env, "HOME", "HOME=/root");
    if (command->tty) add_default(command->env, "TERM", "TERM=xterm");
    return NULL;
}

static void release(struct command *command) {
    free(command->argv);
    free(command->env);
    free(command->strings);
}

static const char *path_of(char **env) {
    for (; *env; env++)
        if (strncmp(*env, "PATH=", 5) == 0) return *env + 5;
    return DEFAULT_PATH;
}

/* Looks the command up in the PATH that it will have, not in guestd's. */
static void exec_command(const struct command *command) {
    const char *name = command->argv[0];
    int error = ENOENT;
    if (strchr(name, '/')) {
        execve(name, command->argv, command->env);
        return;
    }
    for (const char *at = path_of(command->env); *at;) {
        char path[4096];
        size_t length = strcspn(at, ":");
        if (length + strlen(name) + 2 <= sizeof path) {
            memcpy(path, at, length);
            path[length] = '/';
            strcpy(path + length + 1, name);
            execve(path, command->argv, command->env);
            if (errno != ENOENT && errno != ENOTDIR) error = errno;
        }
        at += length;
        if (*at == ':') at++;
    }
    errno = error;
}

static void be_child(const struct command *command, int in, int out, int err, int report) {
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(022);
    setsid();
    if (command->tty) ioctl(in, TIOCSCTTY, 0);
    bool ready = dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0
        && (command->gid == 0 || (setgroups(0, NULL) == 0 && setgid(command->gid) == 0))
        && (command->uid == 0 || setuid(command->uid) == 0)
        && chdir(command->cwd[0] ? command->cwd : "/") == 0;
    if (ready) exec_command(command);
    int error = errno;
    if (write(report, &error, sizeof error) < 0) _exit(126);
    _exit(127);
}

static bool open_terminal(const struct command *command, int *master, int *slave) {
    int unlock = 0;
    struct winsize size = {.ws_row = (unsigned short)command->rows, .ws_col = (unsigned short)command->columns};
    *master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (*master < 0 || ioctl(*master, TIOCSPTLCK, &unlock) < 0) return false;
    *slave = ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*slave >= 0 && command->rows) ioctl(*slave, TIOCSWINSZ, &size);
    return *slave >= 0;
}

static void close_all(const int *fds, int count) {
    for (int i = 0; i < count; i++)
        if (fds[i] >= 0) close(fds[i]);
}

/* fds: 0 1 stdin, 2 3 stdout, 4 5 stderr, 6 7 exec report; even ends are read from. */
static void start(const struct command *command, struct spawned *spawned, int *fds) {
    bool opened = pipe2(fds + 6, O_CLOEXEC) == 0
        && (command->tty ? open_terminal(command, &fds[2], &fds[0])
                         : pipe2(fds, O_CLOEXEC) == 0 && pipe2(fds + 2, O_CLOEXEC) == 0 && pipe2(fds + 4, O_CLOEXEC) == 0);
    pid_t pid = opened ? fork() : -1;
    if (pid < 0) {
        spawned->error = errno;
        close_all(fds, 8);
        return;
    }
    if (pid == 0) {
        if (command->tty) be_child(command, fds[0], fds[0], fds[0], fds[7]);
        else be_child(command, fds[0], fds[3], fds[5], fds[7]);
    }
    int of_child[] = {fds[0], fds[3], fds[5], fds[7]};
    close_all(of_child, 4);
    int terminal = command->tty ? fcntl(fds[2], F_DUPFD_CLOEXEC, 0) : -1;
    *spawned = (struct spawned){pid, fds[6], command->tty ? terminal : fds[1], fds[2], fds[4], 0, command->tty};
    int ours[] = {spawned->exec_fd, spawned->stdin_fd, spawned->stdout_fd, spawned->stderr_fd};
    for (int i = 0; i < 4; i++)
        if (ours[i] >= 0) fcntl(ours[i], F_SETFL, fcntl(ours[i], F_GETFL) | O_NONBLOCK);
}

const char *spawn(struct reader *reader, struct spawned *spawned) {
    struct command command = {0};
    int fds[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
    memset(spawned, 0, sizeof *spawned);
    const char *refusal = read_command(reader, &command);
    if (!refusal) start(&command, spawned, fds);
    release(&command);
    return refusal;
}

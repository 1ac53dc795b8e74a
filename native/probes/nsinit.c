/* Makes a host of the lab: new mount, PID, network, IPC and UTS namespaces with this program as their init, which
 * reaps and does nothing else. It goes, and the kernel ends all that runs in it, on SIGTERM or at the end of its
 * standard input (its maker died), unless a line `keep` came before.
 *
 *   nsinit [--own-network] NAME [tmpfs=DIR | bind=FROM:TO]...
 *
 * With --own-network it stays in the network namespace it is started in. The mounts are made in the order given, TO is made where it is missing. When all is done one line `ready PID` goes
 * to standard output, PID as seen from outside. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void fail(const char *what, const char *on) {
    fprintf(stderr, "nsinit: %s %s: %s\n", what, on, strerror(errno));
    exit(1);
}

static void mount_one(char *argument) {
    if (strncmp(argument, "tmpfs=", 6) == 0) {
        const char *directory = argument + 6;
        if (mount("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) fail("mount tmpfs on", directory);
    } else if (strncmp(argument, "bind=", 5) == 0) {
        char *from = argument + 5, *to = strchr(from, ':');
        if (to == NULL) fail("no colon in", argument);
        *to++ = 0;
        if (mkdir(to, 0755) != 0 && errno != EEXIST) fail("mkdir", to);
        if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) != 0) fail("bind", from);
    } else {
        fprintf(stderr, "nsinit: %s is neither tmpfs=DIR nor bind=FROM:TO\n", argument);
        exit(2);
    }
}

/* A card steers each flow to one CPU; a veth takes a packet up on the CPU of whoever sends it, and a sender that is moved to
 * another one overtakes itself. So the veths that are made in here from now on steer by flow too, where the kernel can
 * (6.3 and later). */
static void steer_by_flow(void) {
    int mask = open("/proc/sys/net/core/rps_default_mask", O_WRONLY | O_CLOEXEC);
    if (mask < 0) return;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (dprintf(mask, "%llx", cpus >= 32 ? 0xffffffffULL : (1ULL << cpus) - 1) < 0) fail("write", "rps_default_mask");
    close(mask);
}

static void set_up(int argc, char **argv) {
    if (sethostname(argv[1], strlen(argv[1])) != 0) fail("sethostname", argv[1]);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) fail("make private", "/");
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) fail("mount proc on", "/proc");
    steer_by_flow();
    /* A new sysfs shows this network namespace's devices; the control groups are carried over into it. */
    int groups = open_tree(AT_FDCWD, "/sys/fs/cgroup", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (groups < 0) fail("open_tree", "/sys/fs/cgroup");
    if (mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) fail("mount sysfs on", "/sys");
    if (move_mount(groups, "", AT_FDCWD, "/sys/fs/cgroup", MOVE_MOUNT_F_EMPTY_PATH) != 0) fail("move_mount", "/sys/fs/cgroup");
    close(groups);
    for (int i = 2; i < argc; i++) mount_one(argv[i]);
}

static void reap(void) {
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

static int run_init(int argc, char **argv, int ready) {
    set_up(argc, argv);
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    int signals = signalfd(-1, &watched, SFD_CLOEXEC);
    if (signals < 0) fail("signalfd", argv[1]);
    if (write(ready, "1", 1) != 1) fail("announce", argv[1]);
    close(ready);

    struct pollfd sources[2] = {{.fd = signals, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
    int keep = 0;
    for (;;) {
        if (poll(sources, keep ? 1 : 2, -1) < 0 && errno != EINTR) fail("poll", argv[1]);
        if (sources[0].revents & POLLIN) {
            struct signalfd_siginfo seen;
            if (read(signals, &seen, sizeof seen) == sizeof seen && seen.ssi_signo == SIGTERM) return 0;
            reap();
        }
        if (!keep && sources[1].revents != 0) {
            char line[64];
            ssize_t n = read(STDIN_FILENO, line, sizeof line);
            if (n <= 0) return 0;
            keep = n >= 4 && strncmp(line, "keep", 4) == 0;
        }
    }
}

int main(int argc, char **argv) {
    int network = CLONE_NEWNET;
    if (argc > 1 && strcmp(argv[1], "--own-network") == 0) {
        network = 0;
        argv[1] = argv[0];
        argc--;
        argv++;
    }
    if (argc < 2) {
        fprintf(stderr, "usage: nsinit [--own-network] NAME [tmpfs=DIR | bind=FROM:TO]...\n");
        return 2;
    }
    if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | network) != 0) fail("unshare for", argv[1]);
    int ready[2];
    if (pipe(ready) != 0) fail("pipe for", argv[1]);
    fflush(NULL);
    pid_t init = fork();
    if (init < 0) fail("fork", argv[1]);
    if (init == 0) {
        close(ready[0]);
        setsid();
        return run_init(argc, argv, ready[1]);
    }
    close(ready[1]);
    char byte;
    if (read(ready[0], &byte, 1) == 1) {
        printf("ready %d\n", (int)init);
        fflush(stdout);
    }
    int status;
    while (waitpid(init, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Stands for a VM that moves between VMMs, without a guest: the "guest" is a network namespace behind a tap of its own,
 * and each VMM is a process that joins that tap to a tap of its host, frame by frame with their virtio-net headers
 * (12 bytes, offloads passed on), as QEMU does. What QEMU 7.2 does with frames around a move is done here too, as
 * measured: a VMM that waits for a state or is stopped reads exactly one frame, with the header size that the tap has
 * just then, and keeps it; it is given to the guest, taken for one with a 12 byte header, when the VMM runs (again).
 * A frame of the guest that the host's tap does not take now (its send buffer is full) is kept, and no other is taken
 * from the guest until it has gone; a stop tries once more and drops it otherwise.
 *
 *   shuttle GUEST-NAMESPACE GUEST-TAP
 *
 * Lines on standard input, each answered by one line that starts with `ok` or `error`:
 *   start NAME NAMESPACE TAP   a VMM that waits for a state; answered `ok PID`
 *   run NAME                   it has the guest: frames go both ways
 *   stop NAME                  it is paused; when this is answered, nothing goes out any more
 *   busy NAME                  the guest goes on, its receive ring is full: nothing is taken from the host's tap
 *   end NAME                   the process ends
 * A namespace is a file such as /proc/PID/ns/net. Ends with all VMMs at the end of its input. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define VMMS_MAX 16u
#define HEADER_BYTES 12
#define FRAME_BYTES_MAX 70000u
#define BURST_MAX 256u /* frames in one turn: a flood must not keep the VMM from its commands */
#define LINE_BYTES_MAX 512u
#define NAME_BYTES_MAX 31u

struct vmm {
    char name[NAME_BYTES_MAX + 1]; /* empty: free */
    pid_t pid;
    int commands; /* one letter each: r s b e */
    int answers;  /* one byte each */
};

static struct vmm vmms[VMMS_MAX];

static int tap_in(const char *netns, const char *name) {
    int ns = open(netns, O_RDONLY | O_CLOEXEC);
    if (ns < 0) probe_fail("open", netns);
    if (setns(ns, CLONE_NEWNET) != 0) probe_fail("setns to", netns);
    close(ns);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) probe_fail("open", "/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request) != 0) probe_fail("attach to", name);
    return fd;
}

/* What a guest's driver asks for when it starts. */
static void offloads(int fd, const char *name) {
    int header = HEADER_BYTES;
    if (ioctl(fd, TUNSETVNETHDRSZ, &header) != 0) probe_fail("set the header size of", name);
    if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0) probe_fail("set offloads of", name);
}

/* Whether the frame has gone. One that the other side refuses (a device that is down, say) is lost, as on a cable. */
static int put(int to, const unsigned char *frame, ssize_t bytes) {
    if (write(to, frame, (size_t)bytes) >= 0) return 1;
    if (errno == EAGAIN) return 0;
    if (errno != EINVAL && errno != EIO && errno != ENOBUFS) probe_fail("write", "a frame");
    return 1;
}

/* Carries some frames; the length of the one in `room` that the other side does not take now, 0: it took all. */
static ssize_t carry(int from, int to, unsigned char *room) {
    for (unsigned i = 0; i < BURST_MAX; i++) {
        ssize_t n = read(from, room, FRAME_BYTES_MAX);
        if (n <= 0) return 0;
        if (!put(to, room, n)) return n;
    }
    return 0;
}

static _Noreturn void vmm_main(const char *netns, const char *tap, int guest, int commands, int answers) {
    static unsigned char room[FRAME_BYTES_MAX], kept[FRAME_BYTES_MAX], due[FRAME_BYTES_MAX];
    ssize_t kept_bytes = 0, due_bytes = 0;
    char state = 'i';
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, SIG_DFL);
    int host = tap_in(netns, tap);
    if (write(answers, "k", 1) != 1) exit(1);
    for (;;) {
        int idle = state == 'i' || state == 's';
        int takes = state == 'r' || (idle && kept_bytes == 0);
        short sends = due_bytes > 0 && !idle ? POLLOUT : 0;
        struct pollfd sources[3] = {{.fd = commands, .events = POLLIN},
                                    {.fd = takes || sends ? host : -1, .events = (short)((takes ? POLLIN : 0) | sends)},
                                    {.fd = idle || sends ? -1 : guest, .events = POLLIN}};
        if (poll(sources, 3, -1) < 0 && errno != EINTR) probe_fail("poll in", tap);
        if (sources[0].revents != 0) {
            char letter;
            if (read(commands, &letter, 1) != 1 || letter == 'e') exit(0);
            state = letter;
            if (state == 's' && due_bytes > 0) {
                put(host, due, due_bytes);
                due_bytes = 0;
            }
            if (state == 'r') {
                offloads(host, tap);
                if (kept_bytes > 0 && write(guest, kept, (size_t)kept_bytes) < 0) kept_bytes = 0;
                kept_bytes = 0;
            }
            if (write(answers, "k", 1) != 1) exit(1);
            continue;
        }
        if (sources[1].revents & POLLIN) {
            if (idle) {
                ssize_t n = read(host, kept, sizeof kept);
                kept_bytes = n > 0 ? n : 0;
            } else {
                carry(host, guest, room);
            }
        }
        if (sources[1].revents & POLLOUT && put(host, due, due_bytes)) due_bytes = 0;
        if (sources[2].revents & POLLIN) due_bytes = carry(guest, host, due);
    }
}

static struct vmm *find(const char *name) {
    for (unsigned i = 0; i < VMMS_MAX; i++) {
        if (vmms[i].pid != 0 && strcmp(vmms[i].name, name) == 0) return &vmms[i];
    }
    return NULL;
}

static void forget(struct vmm *vmm) {
    close(vmm->commands);
    close(vmm->answers);
    waitpid(vmm->pid, NULL, 0);
    memset(vmm, 0, sizeof *vmm);
}

static void start(const char *name, const char *netns, const char *tap, int guest) {
    struct vmm *vmm = NULL;
    for (unsigned i = 0; i < VMMS_MAX && vmm == NULL; i++) vmm = vmms[i].pid == 0 ? &vmms[i] : NULL;
    if (vmm == NULL || find(name) != NULL || strlen(name) > NAME_BYTES_MAX) {
        printf("error no room for %s\n", name);
        return;
    }
    int down[2], up[2];
    if (pipe2(down, O_CLOEXEC) != 0 || pipe2(up, O_CLOEXEC) != 0) probe_fail("pipe for", name);
    pid_t pid = fork();
    if (pid < 0) probe_fail("fork for", name);
    if (pid == 0) {
        close(down[1]);
        close(up[0]);
        vmm_main(netns, tap, guest, down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    *vmm = (struct vmm){.pid = pid, .commands = down[1], .answers = up[0]};
    strncpy(vmm->name, name, NAME_BYTES_MAX);
    char byte;
    if (read(vmm->answers, &byte, 1) == 1) {
        printf("ok %d\n", (int)pid);
    } else {
        forget(vmm);
        printf("error %s did not start\n", name);
    }
}

static void tell(struct vmm *vmm, char letter) {
    char byte;
    int said = write(vmm->commands, &letter, 1) == 1;
    if (letter == 'e') {
        forget(vmm);
    } else if (!said || read(vmm->answers, &byte, 1) != 1) {
        printf("error %s has ended\n", vmm->name);
        forget(vmm);
        return;
    }
    printf("ok\n");
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: shuttle GUEST-NAMESPACE GUEST-TAP\n");
        return 2;
    }
    probe_signals();
    int guest = tap_in(argv[1], argv[2]);
    offloads(guest, argv[2]);
    printf("ok\n");
    char line[LINE_BYTES_MAX];
    while (!probe_stopped && fgets(line, sizeof line, stdin) != NULL) {
        char *words[4] = {NULL};
        char *rest = line;
        for (unsigned i = 0; i < 4; i++) words[i] = strsep(&rest, " \n");
        struct vmm *vmm = words[1] == NULL ? NULL : find(words[1]);
        if (words[0] != NULL && strcmp(words[0], "start") == 0 && words[3] != NULL) {
            start(words[1], words[2], words[3], guest);
        } else if (vmm == NULL || words[0][0] == 0 || strchr("rsbe", words[0][0]) == NULL) {
            printf("error no such VMM or command: %s\n", words[0] == NULL ? "" : words[0]);
        } else {
            tell(vmm, words[0][0]);
        }
    }
    for (unsigned i = 0; i < VMMS_MAX; i++) {
        if (vmms[i].pid != 0) tell(&vmms[i], 'e');
    }
    return 0;
}

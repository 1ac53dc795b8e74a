/*
 * guestd: /init and PID 1 of a Godwit guest, and the program that hostd talks to.
 *
 *   guestd                       as PID 1: boots the guest, then serves the virtio-serial port org.godwit.guestd.0
 *   guestd --serve-socket PATH   as any process: serves the same protocol on a unix socket and leaves this machine's clock,
 *                                entropy, network and power alone
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "exec.h"
#include "files.h"
#include "identity.h"
#include "port.h"
#include "subscribe.h"

/* Frames acted on before the other descriptors get their turn. */
#define FRAMES_A_TURN 64

bool in_guest;
static bool shutting_down;

static void ping(struct origin origin, struct reader *reader) {
    uint32_t length;
    const uint8_t *echo = read_bytes(reader, &length);
    if (reader->broken || length > 64) {
        answer_error(origin, BAD_REQUEST, length, "PING carries at most 64 bytes");
        return;
    }
    struct timespec monotonic, real;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_REALTIME, &real);
    uint8_t payload[128];
    struct writer writer = {payload, 0, sizeof payload, false};
    write_u64(&writer, (uint64_t)monotonic.tv_sec * 1000000000u + (uint64_t)monotonic.tv_nsec);
    write_u64(&writer, (uint64_t)real.tv_sec * 1000000000u + (uint64_t)real.tv_nsec);
    write_u32(&writer, length);
    write_raw(&writer, echo, length);
    answer_ok(origin, &writer);
}

static void act(const struct frame *frame) {
    struct origin origin = {frame->session, frame->request};
    struct reader reader = {frame->payload, frame->payload + frame->length, false};
    switch (frame->type) {
    case RESUME: resume(origin, &reader); break;
    case PING: ping(origin, &reader); break;
    case EXEC: exec_start(origin, &reader); break;
    case SUBSCRIBE: subscribe(origin, &reader); break;
    case CREDIT: credit(&reader); break;
    case UNSUBSCRIBE: unsubscribe(origin, &reader); break;
    case STDIN: exec_stdin(origin, &reader); break;
    case SIGNAL: exec_signal(origin, &reader); break;
    case STATUS: exec_status(origin, &reader); break;
    case FORGET: exec_forget(origin, &reader); break;
    case WINSIZE: exec_winsize(origin, &reader); break;
    case LIST: exec_list(origin); break;
    case PUT:
    case GET:
    case STAT: files_request(origin, frame); break;
    case SHUTDOWN:
        answer_ok(origin, NULL);
        shutting_down = true;
        break;
    default: answer_error(origin, BAD_REQUEST, frame->type, "guestd %s knows no request %u", GUESTD_VERSION, frame->type);
    }
}

static void reap(void) {
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) exec_ended(pid, status);
}

static void hear_signals(int fd) {
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == sizeof info) {
        /* PID 1 is asked to end by SHUTDOWN alone. */
        if ((info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) && !in_guest) exit(0);
    }
    reap();
}

static int open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGIO};
    for (size_t i = 0; i < 4; i++) sigaddset(&set, numbers[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int sooner(int left, int right) {
    return left < 0 ? right : right < 0 || left < right ? left : right;
}

/* Gives true when frames are left for the next turn. */
static bool act_on_frames(void) {
    struct frame frame;
    for (int i = 0; i < FRAMES_A_TURN; i++) {
        if (files_busy() || !channel_next(&frame)) return false;
        act(&frame);
    }
    return true;
}

static void serve(int signals, int files) {
    static struct pollfd polls[EXEC_POLLS_MAX + 8];
    for (bool more = false;;) {
        subscriptions_push();
        if (shutting_down && !channel_has_output()) return;
        polls[0] = (struct pollfd){signals, POLLIN, 0};
        polls[1] = (struct pollfd){files, POLLIN, 0};
        size_t count = 2 + exec_polls(polls + 2), execs = count - 2;
        int timeout = port_polls(polls, &count, channel_may_read() && !files_busy(), channel_has_output());
        timeout = more ? 0 : sooner(timeout, exec_timeout_millis());
        if (poll(polls, count, timeout) < 0 && errno != EINTR) {
            say("poll: %s", strerror(errno));
            exit(1);
        }
        if (polls[1].revents) files_answer();
        exec_polled(polls + 2, execs);
        if (polls[0].revents) hear_signals(signals);
        exec_lingered();
        port_polled(polls + 2 + execs, count - 2 - execs);
        more = act_on_frames();
    }
}

int main(int count, char **arguments) {
    const char *socket_path = count == 3 && strcmp(arguments[1], "--serve-socket") == 0 ? arguments[2] : NULL;
    in_guest = getpid() == 1 && !socket_path;
    if (!in_guest && !socket_path) {
        say("usage: guestd --serve-socket PATH (or as PID 1 of a guest, without arguments)");
        return 2;
    }
    int signals = open_signals();
    if (in_guest) boot();
    /* Orphans of jobs come to guestd in both ways of running. */
    else prctl(PR_SET_CHILD_SUBREAPER, 1);
    rings_set_budget();
    crc32c(NULL, 0);
    int files = files_start();
    port_start(socket_path);
    serve(signals, files);
    if (in_guest) power_off();
    return 0;
}

#include "port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel.h"

static int listener = -1, fd = -1;
static bool present, said_absent;

static void listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    unlink(path);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4) < 0) {
        say("cannot listen at %s: %s", path, strerror(errno));
        exit(1);
    }
}

/* No udev here: the name of a port stands in sysfs, its node is made by devtmpfs. */
static void open_port(void) {
    DIR *directory = opendir("/sys/class/virtio-ports");
    for (struct dirent *entry; directory && fd < 0 && (entry = readdir(directory));) {
        char path[300], name[64] = "";
        snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
        FILE *file = fopen(path, "re");
        if (file && !fgets(name, sizeof name, file)) name[0] = 0;
        if (file) fclose(file);
        name[strcspn(name, "\n")] = 0;
        if (strcmp(name, PORT_NAME) != 0) continue;
        snprintf(path, sizeof path, "/dev/%s", entry->d_name);
        fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) say("port %s: %s", path, strerror(errno));
    }
    if (directory) closedir(directory);
    if (fd >= 0) {
        fcntl(fd, F_SETOWN, getpid());
        channel_open(fd);
        say("serving %s", PORT_NAME);
    } else if (!said_absent) {
        said_absent = true;
        say("waiting for the port %s: the VM needs a virtserialport of that name", PORT_NAME);
    }
}

void port_start(const char *path) {
    if (path) listen_at(path);
    else open_port();
}

/* SIGIO tells of a host that connects; while it is connected the signal would only repeat what poll says. */
static void want_signal(bool wanted) {
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, wanted ? flags | O_ASYNC : flags & ~O_ASYNC);
}

static void look_for_host(void) {
    if (fd < 0) open_port();
    if (fd < 0) return;
    struct pollfd poll_port = {fd, POLLIN, 0};
    if (poll(&poll_port, 1, 0) >= 0 && !(poll_port.revents & POLLHUP)) {
        present = true;
        want_signal(false);
    }
}

static void host_went(void) {
    channel_lost();
    present = false;
    if (listener < 0) {
        want_signal(true);
    } else {
        close(fd);
        fd = -1;
    }
}

static void accept_host(void) {
    int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted < 0) return;
    /* The newest hostd wins, as with QEMU's socket after a move. */
    if (fd >= 0) host_went();
    fd = accepted;
    present = true;
    channel_open(fd);
}

int port_polls(struct pollfd *polls, size_t *count, bool may_read, bool has_output) {
    if (listener >= 0) polls[(*count)++] = (struct pollfd){listener, POLLIN, 0};
    if (listener < 0 && !present) look_for_host();
    if (!present) return listener < 0 ? ABSENT_POLL_MILLIS : -1;
    short events = (short)((may_read ? POLLIN : 0) | (has_output ? POLLOUT : 0));
    polls[(*count)++] = (struct pollfd){fd, events, 0};
    return -1;
}

void port_polled(const struct pollfd *polls, size_t count) {
    bool arrived = false;
    for (size_t i = 0; i < count; i++) {
        short came = polls[i].revents;
        if (came && polls[i].fd == listener) arrived = true;
        if (!came || polls[i].fd != fd || !present) continue;
        bool alive = true;
        if (came & POLLIN) alive = channel_read();
        if (alive && (came & POLLOUT)) alive = channel_write();
        /* What the host sent before it hung up is read first. */
        if (!alive || ((came & (POLLHUP | POLLERR)) && !(came & POLLIN))) host_went();
    }
    if (arrived) accept_host();
}

/*
 * Preload for a VMM that does not know that it is watched: when it maps the guest RAM file, the mapping is registered
 * with userfaultfd and announced to hostd, in the form that Firecracker uses by itself. Without hostd's answer, and on
 * any failure, the process ends: never an untracked VM.
 *
 *   GODWIT_RAM_FILE        absolute path of the RAM file; unset: the library does nothing
 *   GODWIT_RAM_SOCKET      unix stream socket that hostd listens on
 *   GODWIT_UFFD_DEV_FD     inherited descriptor of /dev/userfaultfd (for a VMM without rights to it); closed after use
 *   GODWIT_RAM_MISSING     1: register missing pages too (lazy restore)
 *   GODWIT_RAM_TIMEOUT_MS  how long to wait for hostd; default 10000
 *
 * To hostd: [{"base_host_virt_addr":N,"size":N,"offset":N,"page_size":N}] with the userfaultfd by SCM_RIGHTS.
 * From hostd: one byte, '1', when the memory is tracked. The userfaultfd stays open here: if its last descriptor
 * closed, missing pages would read as zeros, and a restarted hostd takes it again from this process.
 *
 * Sources: linux/userfaultfd.h, admin-guide/mm/userfaultfd, Firecracker's docs/snapshotting.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Newer than the headers of Debian 12. */
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

#define TIMEOUT_MS_DEFAULT 10000
#define TIMEOUT_MS_MAX 600000
#define PUBLIC __attribute__((visibility("default")))

static atomic_flag handed_over = ATOMIC_FLAG_INIT;

/* One sentence on stderr; no stdio, which may not be up yet or be locked by another thread. */
static void say(const char *format, va_list arguments) {
    char sentence[512] = "godwit ram-handover: ";
    size_t length = strlen(sentence);
    int written = vsnprintf(sentence + length, sizeof sentence - length - 1, format, arguments);
    if (written > 0)
        length += (size_t)written < sizeof sentence - length - 1 ? (size_t)written : sizeof sentence - length - 2;
    sentence[length++] = '\n';
    /* Nothing can be done about a stderr that is closed. */
    ssize_t ignored = write(STDERR_FILENO, sentence, length);
    (void)ignored;
}

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    abort();
}

__attribute__((format(printf, 1, 2))) static void warn(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

static long number_from(const char *name, long otherwise, long max) {
    const char *text = getenv(name);
    if (!text)
        return otherwise;
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < 0 || value > max)
        die("%s=\"%s\" is not a number between 0 and %ld", name, text, max);
    return value;
}

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Waits until the descriptor has one of the events; 0 when the deadline has passed first. */
static int await(int fd, short events, long long deadline_ms) {
    for (;;) {
        long long left = deadline_ms - now_ms();
        struct pollfd wanted = {.fd = fd, .events = events};
        int ready = poll(&wanted, 1, left > 0 ? (int)left : 0);
        if (ready >= 0)
            return ready;
        if (errno != EINTR)
            die("waiting for hostd failed: %s", strerror(errno));
    }
}

static int make_userfaultfd(void) {
    int flags = O_CLOEXEC | O_NONBLOCK;
    int device = (int)number_from("GODWIT_UFFD_DEV_FD", -1, 1 << 20);
    const char *how = "the inherited /dev/userfaultfd";
    if (device < 0) {
        device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
        how = "/dev/userfaultfd";
    }
    int uffd;
    if (device >= 0) {
        uffd = ioctl(device, USERFAULTFD_IOC_NEW, flags);
        int reason = errno;
        /* A hostile guest that takes this process over must not find a maker of more of them. */
        close(device);
        errno = reason;
    } else {
        how = "the system call (and /dev/userfaultfd can't be opened)";
        uffd = (int)syscall(SYS_userfaultfd, flags);
    }
    if (uffd < 0)
        die("can't make a userfaultfd by %s: %s; start the VMM with GODWIT_UFFD_DEV_FD", how, strerror(errno));
    return uffd;
}

static int register_ram(void *base, size_t size) {
    int uffd = make_userfaultfd();
    struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED};
    struct uffdio_register range = {.range = {(__u64)(uintptr_t)base, size}, .mode = UFFDIO_REGISTER_MODE_WP};
    if (number_from("GODWIT_RAM_MISSING", 0, 1)) {
        api.features |= UFFD_FEATURE_MISSING_SHMEM;
        range.mode |= UFFDIO_REGISTER_MODE_MISSING;
    }
    if (ioctl(uffd, UFFDIO_API, &api) < 0)
        die("userfaultfd lacks features 0x%llx (%s): Linux 6.7 or newer is needed to track guest memory",
            (unsigned long long)api.features, strerror(errno));
    if (ioctl(uffd, UFFDIO_REGISTER, &range) < 0)
        die("can't register %zu bytes of guest RAM at %p with userfaultfd: %s", size, base, strerror(errno));
    return uffd;
}

static int connect_to_hostd(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        die("GODWIT_RAM_SOCKET=%s is longer than %zu bytes", path, sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    int hostd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (hostd < 0 || connect(hostd, (struct sockaddr *)&address, sizeof address) < 0)
        die("hostd does not take the guest RAM at %s: %s; is hostd running?", path, strerror(errno));
    return hostd;
}

static void announce(int hostd, int uffd, void *base, size_t size, off_t offset) {
    char json[256];
    int length = snprintf(json, sizeof json,
                          "[{\"base_host_virt_addr\":%llu,\"size\":%zu,\"offset\":%lld,\"page_size\":%ld}]",
                          (unsigned long long)(uintptr_t)base, size, (long long)offset, sysconf(_SC_PAGESIZE));
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {{0}};
    struct iovec text = {.iov_base = json, .iov_len = (size_t)length};
    struct msghdr message = {
        .msg_iov = &text, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof uffd);
    memcpy(CMSG_DATA(rights), &uffd, sizeof uffd);
    /* A fresh stream socket takes these few bytes whole. */
    if (sendmsg(hostd, &message, MSG_NOSIGNAL) != length)
        die("can't announce the guest RAM to hostd: %s", strerror(errno));
}

static void hand_over(void *base, size_t size, off_t offset) {
    const char *path = getenv("GODWIT_RAM_SOCKET");
    if (!path)
        die("GODWIT_RAM_FILE is set and GODWIT_RAM_SOCKET is not");
    long timeout_ms = number_from("GODWIT_RAM_TIMEOUT_MS", TIMEOUT_MS_DEFAULT, TIMEOUT_MS_MAX);
    long long deadline_ms = now_ms() + timeout_ms;
    int uffd = register_ram(base, size);
    int hostd = connect_to_hostd(path);
    announce(hostd, uffd, base, size, offset);
    if (!await(hostd, POLLIN, deadline_ms))
        die("hostd did not take the guest RAM over within %ld ms; see its log", timeout_ms);
    char answer = 0;
    if (read(hostd, &answer, 1) != 1 || answer != '1')
        die("hostd refused the guest RAM; see its log for why");
    close(hostd);
}

static int is_ram_file(int fd) {
    const char *path = getenv("GODWIT_RAM_FILE");
    struct stat ram, mapped;
    return path && stat(path, &ram) == 0 && fstat(fd, &mapped) == 0 && ram.st_dev == mapped.st_dev &&
           ram.st_ino == mapped.st_ino;
}

/* By system call: it works before any constructor has run, and needs no look-up of the next mmap. */
PUBLIC void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
    int before = errno;
    int ram = fd >= 0 && !(flags & MAP_ANONYMOUS) && is_ram_file(fd);
    if (ram && !(flags & MAP_SHARED)) {
        /* MAP_SHARED_VALIDATE holds the bit of MAP_SHARED too. */
        warn("refused a private mapping of the guest RAM file: it could not be tracked (use share=on)");
        errno = EINVAL;
        return MAP_FAILED;
    }
    if (ram && atomic_flag_test_and_set(&handed_over)) {
        warn("refused a second mapping of the guest RAM file: writes through it would not be seen");
        errno = EBUSY;
        return MAP_FAILED;
    }
    errno = before;
    void *mapped = (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
    if (!ram)
        return mapped;
    if (mapped == MAP_FAILED) {
        atomic_flag_clear(&handed_over);
        return mapped;
    }
    hand_over(mapped, size, offset);
    errno = before;
    return mapped;
}

PUBLIC void *mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset)
    __attribute__((alias("mmap")));

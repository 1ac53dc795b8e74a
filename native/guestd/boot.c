#include "boot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guestd.h"
#include "net.h"

/* A disk that is not there by then does not come: virtio probes in milliseconds, and emulation is 20 times slower. */
#define ROOT_WAIT_MILLIS 20000
/* What processes get to end themselves before they are killed. */
#define GRACE_MILLIS 2000

static void give_up(const char *what, const char *on) __attribute__((noreturn));

static void give_up(const char *what, const char *on) {
    say("cannot boot: %s %s: %s", what, on, strerror(errno));
    sync();
    reboot(RB_POWER_OFF);
    exit(1);
}

static void pause_millis(long millis) {
    struct timespec time = {millis / 1000, millis % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static void must_mount(const char *what, const char *where, const char *type, unsigned long flags, const char *options) {
    mkdir(where, 0755);
    if (mount(what, where, type, flags, options) < 0 && errno != EBUSY) give_up("mount", where);
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void load_module(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)) say("module %s: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
}

/* The recipe numbers the files in the order of their dependencies. */
static void load_modules(void) {
    char *names[64], path[300];
    size_t count = 0;
    DIR *directory = opendir("/modules");
    if (!directory) return;
    for (struct dirent *entry; (entry = readdir(directory)) && count < 64;)
        if (entry->d_name[0] != '.') names[count++] = strdup(entry->d_name);
    closedir(directory);
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "/modules/%s", names[i]);
        load_module(path);
        free(names[i]);
    }
}

static void read_root_argument(char *root, size_t size) {
    char line[4096] = "";
    FILE *file = fopen("/proc/cmdline", "re");
    if (file && !fgets(line, sizeof line, file)) line[0] = 0;
    if (file) fclose(file);
    snprintf(root, size, "/dev/vda");
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
        if (strncmp(word, "godwit.root=", 12) == 0) snprintf(root, size, "%s", word + 12);
}

/* ext4's superblock: magic at 0x38, block count at 0x04 and 0x150, log2 of the block size - 10 at 0x18, label at 0x78. */
static bool read_superblock(const char *device, uint8_t *block) {
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    bool ext4 = fd >= 0 && pread(fd, block, 1024, 1024) == 1024 && block[0x38] == 0x53 && block[0x39] == 0xef;
    if (fd >= 0) close(fd);
    return ext4;
}

static bool find_root(const char *root, char *device, size_t size) {
    uint8_t block[1024];
    if (strncmp(root, "LABEL=", 6) != 0) {
        snprintf(device, size, "%s", root);
        return access(device, R_OK) == 0;
    }
    DIR *directory = opendir("/sys/block");
    bool found = false;
    for (struct dirent *entry; directory && !found && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(device, size, "/dev/%s", entry->d_name);
        found = read_superblock(device, block) && strncmp((char *)block + 0x78, root + 6, 16) == 0;
    }
    if (directory) closedir(directory);
    return found;
}

static void mount_root(char *device, size_t size) {
    char root[256];
    read_root_argument(root, sizeof root);
    uint64_t until = monotonic_millis() + ROOT_WAIT_MILLIS;
    while (!find_root(root, device, size)) {
        errno = ENOENT;
        if (monotonic_millis() > until) give_up("no root file system", root);
        pause_millis(5);
    }
    /* Inode tables are not zeroed in the background: those pages would be written, tracked and moved for nothing. */
    if (mount(device, "/root", "ext4", MS_NOATIME, "errors=remount-ro,noinit_itable") < 0) give_up("mount root from", device);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status;
    (void)kind;
    if (where->level > 0) remove(path);
    return 0;
}

static void enter_root(void) {
    const char *moved[] = {"/dev", "/proc", "/sys", "/run"};
    char target[64];
    for (size_t i = 0; i < 4; i++) {
        snprintf(target, sizeof target, "/root%s", moved[i]);
        mkdir(target, 0755);
        if (mount(moved[i], target, NULL, MS_MOVE, NULL) < 0) give_up("move mount", moved[i]);
    }
    /* The initramfs is memory of the guest: free it. FTW_MOUNT keeps out of the new root. */
    nftw("/", remove_entry, 16, FTW_DEPTH | FTW_MOUNT | FTW_PHYS);
    if (chdir("/root") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0) give_up("enter", "/root");
}

/* A larger disk than the image's: the file system grows while it is in use. EXT4_IOC_RESIZE_FS is what resize2fs calls. */
static void grow_root(const char *device) {
    uint8_t block[1024];
    uint64_t bytes = 0;
    if (!read_superblock(device, block)) return;
    int disk = open(device, O_RDONLY | O_CLOEXEC);
    if (disk < 0 || ioctl(disk, _IOR(0x12, 114, size_t), &bytes) < 0) bytes = 0;
    if (disk >= 0) close(disk);
    uint32_t low, high, log;
    memcpy(&low, block + 4, 4);
    memcpy(&high, block + 0x150, 4);
    memcpy(&log, block + 0x18, 4);
    uint64_t have = (uint64_t)high << 32 | low, want = bytes / (1024ul << log);
    if (want <= have || fork() != 0) return;
    int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = root < 0 || ioctl(root, _IOW('f', 16, uint64_t), &want) < 0;
    if (failed) say("the root file system keeps %lu blocks of %lu: %s", have, want, strerror(errno));
    else say("the root file system grew from %lu to %lu blocks", have, want);
    _exit(failed);
}

static void finish_mounts(void) {
    must_mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666");
    must_mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    mkdir("/run/lock", 01777);
    const char *links[][2] = {{"/proc/self/fd", "/dev/fd"}, {"fd/0", "/dev/stdin"}, {"fd/1", "/dev/stdout"}, {"fd/2", "/dev/stderr"}};
    for (size_t i = 0; i < 4; i++)
        if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST) say("link %s: %s", links[i][1], strerror(errno));
}

static void set_limits(void) {
    /* What systemd gives to services: few by default, many for who asks. */
    struct rlimit files = {1024, 524288};
    if (setrlimit(RLIMIT_NOFILE, &files) < 0) say("limit of open files: %s", strerror(errno));
}

void boot(void) {
    char device[300];
    must_mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
    open_console();
    must_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    must_mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    must_mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
    mkdir("/root", 0700);
    load_modules();
    mount_root(device, sizeof device);
    enter_root();
    finish_mounts();
    set_limits();
    const char *refusal = loopback_up();
    if (refusal) say("loopback: %s: %s", refusal, strerror(errno));
    grow_root(device);
    say("root is %s, up for %lu ms", device, monotonic_millis());
}

void power_off(void) {
    say("powering off");
    kill(-1, SIGTERM);
    uint64_t until = monotonic_millis() + GRACE_MILLIS;
    for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) >= 0 && monotonic_millis() < until;)
        if (pid == 0) pause_millis(10);
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0) continue;
    sync();
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0) say("root stays writable: %s", strerror(errno));
    sync();
    reboot(RB_POWER_OFF);
    for (;;) pause();
}

/*
 * vmm-launch: turns itself into an unprivileged VMM process that outlives its parent.
 *
 *   vmm-launch --uid N --gid N [--extra-gid N] [--cgroup DIR]... [--keep-fd uffd] [--tap FD:NAME]
 *              [--env NAME=VALUE]... --pid-file FILE --log FILE -- PROGRAM ARG...
 *
 * Run by root. It opens what only root may open, joins the control groups, leaves the caller's session, gives up
 * every privilege and executes PROGRAM in the same process, so the caller knows the pid.
 *
 * --keep-fd uffd   opens /dev/userfaultfd and leaves its number in GODWIT_UFFD_DEV_FD. A userfaultfd belongs to the
 *                  address space of the process that makes it, so the VMM's preload makes it, on this descriptor.
 * --tap FD:NAME    opens the existing tap device NAME as descriptor FD (20..99), with a vnet header.
 * --env            the whole environment of PROGRAM beside PATH; nothing is inherited.
 * --pid-file       "PID STARTTIME" (clock ticks since boot, field 22 of /proc/PID/stat: with it a pid can't be mistaken
 *                  for a later process of the same number).
 * --log            takes stdout and stderr of PROGRAM, and this program's own error.
 *
 * Exit status before PROGRAM runs: 64 usage, 71 a system call failed, 127 PROGRAM can't be executed. The reason is the
 * last line of the log file (of stderr, before the log file is open).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	EXIT_USAGE = 64,
	EXIT_SYSTEM = 71,
	EXIT_EXEC = 127,
	/* A VM is in one directory per v1 hierarchy; there are fewer than 16 of those. */
	CGROUPS_MAX = 16,
	/* LD_PRELOAD and the preload's own settings. */
	ENV_MAX = 16,
	/* Where --tap may put its descriptor: above all that the loader and libc open before main. */
	TAP_FD_MIN = 20,
	TAP_FD_MAX = 99,
	/* 64 vCPUs with a queue and two eventfds each, per device, stay below. */
	OPEN_FILES_MAX = 4096,
	/* The guest fills the console log; the RAM file is made by hostd and mapped, which this does not bound. */
	FILE_BYTES_MAX = 64 << 20,
};

static void fail(int status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("vmm-launch: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(status);
}

static void fail_on(const char *attempt, const char *what)
{
	fail(EXIT_SYSTEM, "%s %s: %s", attempt, what, strerror(errno));
}

static long number(const char *option, const char *text, long low, long high)
{
	char *end;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < low || value > high)
		fail(EXIT_USAGE, "%s %s is not a number from %ld to %ld", option, text, low, high);
	return value;
}

/* Field 22 of /proc/self/stat; the command name in field 2 may hold spaces and brackets, so count after the last one. */
static unsigned long long start_time(void)
{
	char text[2048];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_on("open", "/proc/self/stat");
	ssize_t length = read(fd, text, sizeof text - 1);
	if (length <= 0)
		fail_on("read", "/proc/self/stat");
	close(fd);
	text[length] = '\0';
	char *field = strrchr(text, ')');
	for (int i = 2; field != NULL && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (field == NULL)
		fail(EXIT_SYSTEM, "/proc/self/stat has no field 22: %s", text);
	return strtoull(field, NULL, 10);
}

static void write_pid_file(const char *path)
{
	char temporary[4096];
	if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
		fail(EXIT_USAGE, "--pid-file %s is too long", path);
	unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		fail_on("create", temporary);
	if (dprintf(fd, "%d %llu\n", (int)getpid(), start_time()) < 0 || close(fd) != 0)
		fail_on("write", temporary);
	if (rename(temporary, path) != 0)
		fail_on("rename to", path);
}

static void join_cgroup(const char *directory)
{
	char path[4096];
	if (snprintf(path, sizeof path, "%s/cgroup.procs", directory) >= (int)sizeof path)
		fail(EXIT_USAGE, "--cgroup %s is too long", directory);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fail_on("open", path);
	if (dprintf(fd, "%d\n", (int)getpid()) < 0)
		fail_on("join", path);
	close(fd);
}

static void open_tap(int target, const char *name)
{
	struct ifreq request;
	memset(&request, 0, sizeof request);
	if (strlen(name) == 0 || strlen(name) >= sizeof request.ifr_name)
		fail(EXIT_USAGE, "--tap: %s is not an interface name", name);
	/* TUNSETIFF would make a missing device; a VM must not get one that nobody wired up. */
	char path[64];
	snprintf(path, sizeof path, "/sys/class/net/%s/tun_flags", name);
	if (access(path, F_OK) != 0)
		fail(EXIT_SYSTEM, "tap device %s does not exist in this network namespace", name);
	int fd = open("/dev/net/tun", O_RDWR);
	if (fd < 0)
		fail_on("open", "/dev/net/tun");
	strcpy(request.ifr_name, name);
	request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	if (ioctl(fd, TUNSETIFF, &request) != 0)
		fail_on("attach to tap device", name);
	if (fd != target) {
		if (dup2(fd, target) < 0)
			fail_on("duplicate the descriptor of", name);
		close(fd);
	}
}

static void give_up_privileges(uid_t uid, gid_t gid, const gid_t *extra_gid)
{
	if (setgroups(extra_gid != NULL ? 1 : 0, extra_gid) != 0)
		fail_on("setgroups", "to the VMM's own");
	if (setresgid(gid, gid, gid) != 0)
		fail_on("setresgid", "to the VMM's group");
	if (setresuid(uid, uid, uid) != 0)
		fail_on("setresuid", "to the VMM's user");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		fail_on("prctl", "PR_SET_NO_NEW_PRIVS");
}

/* What the parent had blocked or ignored must not reach the VMM. */
static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		if (signal_number != SIGKILL && signal_number != SIGSTOP)
			signal(signal_number, SIG_DFL);
	/* A full console log is no reason to die: the write fails with EFBIG and the text is dropped. */
	signal(SIGXFSZ, SIG_IGN);
}

static void limit(int resource, rlim_t value, const char *name)
{
	struct rlimit bound = {.rlim_cur = value, .rlim_max = value};
	if (setrlimit(resource, &bound) != 0)
		fail_on("setrlimit", name);
}

int main(int argc, char **argv)
{
	const char *cgroups[CGROUPS_MAX], *environment[ENV_MAX];
	int cgroup_count = 0, environment_count = 0, want_uffd = 0, tap_fd = -1, uffd_device = -1;
	const char *pid_file = NULL, *log = NULL, *tap = NULL;
	long uid = -1, gid = -1;
	gid_t extra_gid = 0;
	int has_extra_gid = 0, i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i += 2) {
		const char *option = argv[i], *value = argv[i + 1];
		if (i + 1 >= argc)
			fail(EXIT_USAGE, "%s needs a value", option);
		if (strcmp(option, "--uid") == 0) {
			uid = number(option, value, 1, 0x7ffffffe);
		} else if (strcmp(option, "--gid") == 0) {
			gid = number(option, value, 1, 0x7ffffffe);
		} else if (strcmp(option, "--extra-gid") == 0) {
			extra_gid = (gid_t)number(option, value, 1, 0x7ffffffe);
			has_extra_gid = 1;
		} else if (strcmp(option, "--cgroup") == 0) {
			if (cgroup_count == CGROUPS_MAX)
				fail(EXIT_USAGE, "more than %d times --cgroup", CGROUPS_MAX);
			cgroups[cgroup_count++] = value;
		} else if (strcmp(option, "--env") == 0) {
			if (environment_count == ENV_MAX || strchr(value, '=') == NULL)
				fail(EXIT_USAGE, "--env %s is not NAME=VALUE, or one of more than %d", value, ENV_MAX);
			environment[environment_count++] = value;
		} else if (strcmp(option, "--keep-fd") == 0 && strcmp(value, "uffd") == 0) {
			want_uffd = 1;
		} else if (strcmp(option, "--tap") == 0 && strchr(value, ':') != NULL) {
			char *digits = strndup(value, (size_t)(strchr(value, ':') - value));
			tap_fd = (int)number(option, digits, TAP_FD_MIN, TAP_FD_MAX);
			tap = strchr(value, ':') + 1;
			free(digits);
		} else if (strcmp(option, "--pid-file") == 0) {
			pid_file = value;
		} else if (strcmp(option, "--log") == 0) {
			log = value;
		} else {
			fail(EXIT_USAGE, "unknown option %s %s", option, value);
		}
	}
	if (uid < 0 || gid < 0 || pid_file == NULL || log == NULL || i + 1 >= argc)
		fail(EXIT_USAGE, "--uid, --gid, --pid-file, --log and -- PROGRAM are needed");
	char **program = argv + i + 1;

	/* Nothing of the parent's reaches the VMM; what is opened from here on and is not O_CLOEXEC does. */
	if (close_range(3, ~0U, 0) != 0)
		fail_on("close_range", "above stderr");
	int null = open("/dev/null", O_RDONLY);
	/* O_NOFOLLOW: the directory may be one that an earlier VMM could write. */
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (out < 0)
		fail_on("open", log);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		fail_on("redirect to", log);
	if (null > 2)
		close(null);

	if (want_uffd) {
		uffd_device = open("/dev/userfaultfd", O_RDWR);
		if (uffd_device < 0)
			fail_on("open", "/dev/userfaultfd");
	}
	if (tap != NULL)
		open_tap(tap_fd, tap);
	for (int c = 0; c < cgroup_count; c++)
		join_cgroup(cgroups[c]);
	if (setsid() < 0)
		fail_on("setsid:", "start me from a program, not as the leader of a shell's job");
	reset_signals();
	/* A core dump would hold the guest's memory. */
	limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
	limit(RLIMIT_FSIZE, FILE_BYTES_MAX, "RLIMIT_FSIZE");
	limit(RLIMIT_NOFILE, OPEN_FILES_MAX, "RLIMIT_NOFILE");
	umask(0077);
	if (chdir("/") != 0)
		fail_on("chdir", "/");
	write_pid_file(pid_file);
	give_up_privileges((uid_t)uid, (gid_t)gid, has_extra_gid ? &extra_gid : NULL);

	clearenv();
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
	for (int e = 0; e < environment_count; e++)
		putenv((char *)environment[e]);
	if (uffd_device >= 0) {
		char text[16];
		snprintf(text, sizeof text, "%d", uffd_device);
		setenv("GODWIT_UFFD_DEV_FD", text, 1);
	}
	/* setuid cleared the "dumpable" mark; execve of a readable program sets it again, so that the loader reads LD_PRELOAD
	 * as always and root's hostd may use /proc/PID/pagemap and pidfd_getfd. */
	execv(program[0], program);
	fail(EXIT_EXEC, "execute %s as user %ld: %s", program[0], uid, strerror(errno));
}

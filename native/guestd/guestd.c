#include "guestd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int console = STDERR_FILENO;

void open_console(void) {
    /* The serial port is the log that hostd keeps; a VM without one has at least the kernel's console. Never blocking: a full
       console must not stop PID 1. */
    int fd = open("/dev/ttyS0", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) console = fd;
}

void say(const char *format, ...) {
    char line[512] = "guestd: ";
    va_list arguments;
    va_start(arguments, format);
    int length = 8 + vsnprintf(line + 8, sizeof line - 10, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof line - 3) length = sizeof line - 3;
    /* A terminal in raw mode wants the carriage return. */
    memcpy(line + length, "\r\n", 2);
    int from = in_guest ? 2 : 1;
    if (!in_guest) line[length] = '\n';
    /* A line that the console does not take is lost: nothing waits for a log. */
    if (write(console, line, (size_t)(length + from)) < 0) return;
}

uint64_t monotonic_millis(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void *must_alloc(size_t bytes) {
    for (;;) {
        void *at = malloc(bytes ? bytes : 1);
        if (at) return at;
        say("no memory for %zu bytes, waiting", bytes);
        sleep(1);
    }
}

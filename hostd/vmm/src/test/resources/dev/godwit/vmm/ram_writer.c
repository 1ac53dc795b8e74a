/*
 * Stands in for a VMM in tests of the RAM hand-over: maps a RAM file as QEMU does and writes pages by command.
 *
 *   ram_writer FILE PAGES        then on stdin, one a line, each answered by one line:
 *   write PAGE BYTE | range FIRST COUNT BYTE | stride STEP BYTE | drop PAGE | split PAGE | read PAGE | again | private | other
 *
 * "split" gives one page another advice, which cuts the kernel's mapping in three; "drop" drops its page-table entry.
 * "mapped" comes when the mapping stands. "again" maps the file a second time, "private" privately, "other" another
 * file; they answer the errno by number, 0 for success.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096L

static int try_map(int fd, size_t size, int flags) {
    errno = 0;
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    return mapped == MAP_FAILED ? errno : 0;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    long pages = atol(argv[2]);
    int fd = open(argv[1], O_RDWR);
    if (fd < 0) {
        perror(argv[1]);
        return 1;
    }
    /* As QEMU: reserve, then map over the reservation. */
    char *reserved = mmap(NULL, pages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *ram = mmap(reserved, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    if (ram == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("mapped\n");
    char line[128];
    while (fgets(line, sizeof line, stdin)) {
        long a = 0, b = 0, c = 0;
        char word[16] = "";
        sscanf(line, "%15s %ld %ld %ld", word, &a, &b, &c);
        if (!strcmp(word, "write")) {
            memset(ram + a * PAGE, (int)b, PAGE);
            printf("ok\n");
        } else if (!strcmp(word, "range")) {
            memset(ram + a * PAGE, (int)c, b * PAGE);
            printf("ok\n");
        } else if (!strcmp(word, "stride")) {
            for (long page = 0; page < pages; page += a)
                ram[page * PAGE] = (char)b;
            printf("ok\n");
        } else if (!strcmp(word, "drop")) {
            printf("%d\n", madvise(ram + a * PAGE, PAGE, MADV_DONTNEED));
        } else if (!strcmp(word, "split")) {
            printf("%d\n", madvise(ram + a * PAGE, PAGE, MADV_DONTDUMP));
        } else if (!strcmp(word, "read")) {
            int same = 1;
            for (long i = 1; i < PAGE; i++)
                same &= ram[a * PAGE + i] == ram[a * PAGE];
            printf("%d\n", same ? (unsigned char)ram[a * PAGE] : -1);
        } else if (!strcmp(word, "again")) {
            printf("%d\n", try_map(fd, pages * PAGE, MAP_SHARED));
        } else if (!strcmp(word, "private")) {
            printf("%d\n", try_map(fd, pages * PAGE, MAP_PRIVATE));
        } else if (!strcmp(word, "other")) {
            int other = open("/etc/hostname", O_RDONLY);
            void *mapped = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, other, 0);
            printf("%d\n", mapped == MAP_FAILED ? errno : 0);
        } else {
            printf("what?\n");
        }
    }
    return 0;
}

#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct job {
    struct job *next;
    struct origin origin;
    uint8_t type;
    int error;
    char message[256];
    size_t length, answer_length;
    uint8_t *answer;
    uint8_t payload[];
};

struct queue {
    struct job *head, **tail;
};

struct transfer {
    uint64_t id;
    bool done;
    char temporary[PATH_MAX + 64];
};

static struct queue waiting = {.tail = &waiting.head}, done = {.tail = &done.head};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static int done_fd = -1, in_flight;
/* Used by the file thread alone. */
static struct transfer transfers[TRANSFERS_MAX];
static unsigned next_transfer;

static void enqueue(struct queue *queue, struct job *job) {
    job->next = NULL;
    *queue->tail = job;
    queue->tail = &job->next;
}

static struct job *dequeue(struct queue *queue) {
    struct job *job = queue->head;
    if (job && !(queue->head = job->next)) queue->tail = &queue->head;
    return job;
}

static void fail(struct job *job, const char *what, const char *path) {
    job->error = errno ? errno : EIO;
    snprintf(job->message, sizeof job->message, "%s %s: %s", what, path, strerror(job->error));
}

static struct transfer *transfer_of(uint64_t id, const char *path) {
    for (int i = 0; i < TRANSFERS_MAX; i++)
        if (transfers[i].id == id) return &transfers[i];
    struct transfer *transfer = &transfers[next_transfer++ % TRANSFERS_MAX];
    if (transfer->id && !transfer->done) unlink(transfer->temporary);
    transfer->id = id;
    transfer->done = false;
    snprintf(transfer->temporary, sizeof transfer->temporary, "%s.godwit-%016lx", path, id);
    return transfer;
}

static void make_parents(const char *path) {
    char each[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        memcpy(each, path, (size_t)(slash - path));
        each[slash - path] = 0;
        mkdir(each, 0755);
    }
}

static bool write_all(int fd, const uint8_t *bytes, size_t length, uint64_t offset) {
    while (length > 0) {
        ssize_t put = pwrite(fd, bytes, length, (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        bytes += put;
        length -= (size_t)put;
        offset += (uint64_t)put;
    }
    return true;
}

static bool sync_directory(const char *path) {
    char copy[PATH_MAX];
    strcpy(copy, path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    return synced;
}

static void put(struct job *job, struct reader *reader) {
    char path[PATH_MAX];
    uint64_t id = read_u64(reader);
    read_string(reader, path, sizeof path);
    uint32_t mode = read_u32(reader);
    uint64_t offset = read_u64(reader);
    bool last = read_u8(reader);
    uint32_t length;
    const uint8_t *bytes = read_bytes(reader, &length);
    errno = EINVAL;
    if (reader->broken || id == 0 || path[0] != '/' || (mode & ~07777u) || offset > (uint64_t)INT64_MAX - length) {
        fail(job, "PUT wants a transfer id, an absolute path and a mode below 010000:", path);
        return;
    }
    struct transfer *transfer = transfer_of(id, path);
    /* The answer to the last piece was lost and the piece is sent again. */
    if (transfer->done) return;
    if (offset == 0) make_parents(path);
    int fd = open(transfer->temporary, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (offset == 0 ? O_CREAT | O_TRUNC : 0), 0600);
    bool written = fd >= 0 && write_all(fd, bytes, length, offset);
    if (written && last)
        written = ftruncate(fd, (off_t)(offset + length)) == 0 && fchmod(fd, mode) == 0 && fsync(fd) == 0
            && rename(transfer->temporary, path) == 0 && sync_directory(path);
    if (!written) fail(job, "PUT", path);
    if (fd >= 0) close(fd);
    transfer->done = written && last;
}

static void get(struct job *job, struct reader *reader) {
    char path[PATH_MAX];
    read_string(reader, path, sizeof path);
    uint64_t offset = read_u64(reader);
    uint32_t max = read_u32(reader);
    if (max > FRAME_PAYLOAD_MAX - 64) max = FRAME_PAYLOAD_MAX - 64;
    errno = EINVAL;
    struct stat status;
    int fd = reader->broken || path[0] != '/' ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) < 0) {
        fail(job, "GET", path);
    } else {
        job->answer = must_alloc(max + 64);
        ssize_t got = pread(fd, job->answer + 12, max, (off_t)offset);
        struct writer writer = {job->answer, 0, 12, false};
        write_u64(&writer, (uint64_t)status.st_size);
        write_u32(&writer, got < 0 ? 0 : (uint32_t)got);
        job->answer_length = 12 + (got < 0 ? 0 : (size_t)got);
        if (got < 0) fail(job, "GET", path);
    }
    if (fd >= 0) close(fd);
}

static void stat_file(struct job *job, struct reader *reader) {
    char path[PATH_MAX];
    struct stat status;
    read_string(reader, path, sizeof path);
    errno = EINVAL;
    if (reader->broken || path[0] != '/' || lstat(path, &status) < 0) {
        fail(job, "STAT", path);
        return;
    }
    job->answer = must_alloc(64);
    struct writer writer = {job->answer, 0, 64, false};
    write_u32(&writer, status.st_mode);
    write_u64(&writer, (uint64_t)status.st_size);
    write_u32(&writer, status.st_uid);
    write_u32(&writer, status.st_gid);
    write_u64(&writer, (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec);
    job->answer_length = writer.used;
}

static void *work(void *unused) {
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (!waiting.head) pthread_cond_wait(&arrived, &lock);
        struct job *job = dequeue(&waiting);
        pthread_mutex_unlock(&lock);
        struct reader reader = {job->payload, job->payload + job->length, false};
        if (job->type == PUT) put(job, &reader);
        else if (job->type == GET) get(job, &reader);
        else stat_file(job, &reader);
        pthread_mutex_lock(&lock);
        enqueue(&done, job);
        pthread_mutex_unlock(&lock);
        eventfd_write(done_fd, 1);
    }
    return NULL;
}

int files_start(void) {
    pthread_t thread;
    done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (done_fd < 0 || pthread_create(&thread, NULL, work, NULL) != 0) {
        say("no thread for files: %s", strerror(errno));
        exit(1);
    }
    pthread_detach(thread);
    return done_fd;
}

bool files_busy(void) { return in_flight >= FILE_JOBS_MAX; }

void files_request(struct origin origin, const struct frame *frame) {
    struct job *job = must_alloc(sizeof *job + frame->length);
    memset(job, 0, sizeof *job);
    job->origin = origin;
    job->type = frame->type;
    job->length = frame->length;
    if (frame->length) memcpy(job->payload, frame->payload, frame->length);
    in_flight++;
    pthread_mutex_lock(&lock);
    enqueue(&waiting, job);
    pthread_cond_signal(&arrived);
    pthread_mutex_unlock(&lock);
}

void files_answer(void) {
    eventfd_t ignored;
    eventfd_read(done_fd, &ignored);
    for (;;) {
        pthread_mutex_lock(&lock);
        struct job *job = dequeue(&done);
        pthread_mutex_unlock(&lock);
        if (!job) return;
        struct writer answer = {job->answer, job->answer_length, job->answer_length, false};
        if (job->error) answer_error(job->origin, SYSTEM, (uint64_t)job->error, "%s", job->message);
        else answer_ok(job->origin, &answer);
        free(job->answer);
        free(job);
        in_flight--;
    }
}

/* Reading a growing file.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/check/logtail.h"
#include "chaosctl/check/logwatch.h"

struct logtail {
    char *path;
    int fd; /* -1: not there */
    int error;
    off_t position;
    size_t held; /* bytes in line[]: the beginning of a line that has not ended */
    char line[LOG_LINE_MAX];
};

/* A FIFO must not stop us: a log is a file, and O_NONBLOCK does nothing to one. */
static void open_file(struct logtail *tail)
{
    tail->fd = open(tail->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    tail->error = tail->fd < 0 ? -errno : 0;
    tail->position = 0;
}

int logtail_new(const char *path, bool from_start, struct logtail **ret_tail)
{
    struct logtail *tail = calloc(1, sizeof(*tail));
    struct stat st;

    if (!tail)
        return -ENOMEM;
    tail->fd = -1;
    tail->path = strdup(path);
    if (!tail->path) {
        logtail_free(tail);
        return -ENOMEM;
    }
    open_file(tail);
    if (tail->fd >= 0 && !from_start && !fstat(tail->fd, &st))
        tail->position = st.st_size;
    *ret_tail = tail;
    return 0;
}

void logtail_free(struct logtail *tail)
{
    if (!tail)
        return;
    clean_fd(&tail->fd);
    free(tail->path);
    free(tail);
}

int logtail_error(const struct logtail *tail)
{
    return tail->error;
}

/* --- lines --- */

static void end_line(struct logtail *tail, logtail_fn *fn, void *arg)
{
    size_t len = tail->held;

    if (len && tail->line[len - 1] == '\r')
        len--;
    tail->held = 0;
    fn(arg, tail->line, len);
}

static void split(struct logtail *tail, const char *data, size_t len, logtail_fn *fn, void *arg)
{
    while (len) {
        const char *newline = memchr(data, '\n', len);
        size_t part = newline ? (size_t)(newline - data) : len, room = LOG_LINE_MAX - tail->held;
        if (!room && part) {
            end_line(tail, fn, arg);
            continue;
        }
        bool whole = newline && part <= room;
        part = part < room ? part : room;
        memcpy(tail->line + tail->held, data, part);
        tail->held += part;
        data += part + whole;
        len -= part + whole;
        if (whole)
            end_line(tail, fn, arg);
    }
}

/* --- the file --- */

static bool has_shrunk(const struct logtail *tail)
{
    struct stat st;

    return !fstat(tail->fd, &st) && st.st_size < tail->position;
}

/* By now: somebody may go on writing. */
static size_t unread_bytes(const struct logtail *tail)
{
    struct stat st;

    return !fstat(tail->fd, &st) && st.st_size > tail->position ? (size_t)(st.st_size - tail->position) : 0;
}

static bool has_been_replaced(const struct logtail *tail)
{
    struct stat ours, theirs;

    return !fstat(tail->fd, &ours) && !stat(tail->path, &theirs) &&
           (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev);
}

/* Returns how many bytes came. */
static size_t read_to_end(struct logtail *tail, size_t max, logtail_fn *fn, void *arg)
{
    static char chunk[65536]; /* one loop, one thread */
    size_t sum = 0;

    while (sum < max) {
        ssize_t got = pread(tail->fd, chunk, sizeof(chunk), tail->position);
        if (got < 0 && errno == EINTR)
            continue;
        tail->error = got < 0 ? -errno : 0;
        if (got <= 0)
            break;
        tail->position += got;
        sum += (size_t)got;
        split(tail, chunk, (size_t)got, fn, arg);
    }
    return sum;
}

/* Half a line before a truncation or a rotation never gets its other half. */
static void flush(struct logtail *tail, logtail_fn *fn, void *arg)
{
    if (tail->held)
        end_line(tail, fn, arg);
}

void logtail_read(struct logtail *tail, bool last, logtail_fn *fn, void *arg)
{
    if (tail->fd < 0)
        open_file(tail);
    if (tail->fd < 0)
        return;
    if (has_shrunk(tail)) {
        flush(tail, fn, arg);
        tail->position = 0;
    }
    read_to_end(tail, last ? unread_bytes(tail) : LOGTAIL_READ_MAX, fn, arg);
    if (!unread_bytes(tail) && has_been_replaced(tail)) {
        flush(tail, fn, arg);
        clean_fd(&tail->fd);
        open_file(tail);
        if (tail->fd >= 0)
            read_to_end(tail, LOGTAIL_READ_MAX, fn, arg);
    }
    if (last)
        flush(tail, fn, arg);
}

/* Files into scenarios, and secrets out of texts.  Floor 2. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/scenario/reader.h"
#include "chaosctl/scenario/root.h"

#define SEED 1 /* unless given: the same decisions each time */

void scenario_free(struct scenario *scenario)
{
    if (scenario)
        arena_free(scenario->arena);
}

static struct scenario *scenario_new(void)
{
    struct arena *arena = arena_new();
    struct scenario *s = arena ? arena_take(arena, sizeof(*s)) : NULL;

    if (!s) {
        arena_free(arena);
        return NULL;
    }
    *s = (struct scenario){
        .arena = arena, .path = "", .dir = "/", .name = "", .seed = SEED, .lease_ns = 5 * NS_PER_S};
    return s;
}

/* The folder as it really is; where there is none, "/" does no harm: nothing will be found there. */
static int set_dir(struct scenario *s, const char *folder)
{
    cleanup_free char *real = realpath(folder, NULL);

    if (!real && errno == ENOMEM)
        return -ENOMEM;
    s->dir = arena_copy(s->arena, real ? real : "/");
    return s->dir ? 0 : -ENOMEM;
}

static int set_path(struct scenario *s, const char *path)
{
    char *folder = arena_copy(s->arena, path), *base = arena_copy(s->arena, path);

    s->path = arena_copy(s->arena, path);
    if (!folder || !base || !s->path)
        return -ENOMEM;
    base = basename(base);
    char *dot = strrchr(base, '.');
    if (dot && dot != base)
        *dot = 0;
    s->name = base;
    return set_dir(s, dirname(folder));
}

struct scenario *scenario_empty(void)
{
    struct scenario *s = scenario_new();

    if (s && set_dir(s, ".")) {
        scenario_free(s);
        return NULL;
    }
    return s;
}

static int read_into(struct scenario *s, const char *text, size_t len, const char *path, struct diag *diag)
{
    struct node *root = NULL;
    size_t before = diag_count(diag);
    int r = set_path(s, path);

    if (!r)
        r = node_read(s->arena, text, len, diag, &root);
    if (r)
        return r;
    if (!root || node_is_null(root)) {
        diag_error(diag, (struct position){1, 1},
                   "nothing is in this file; a scenario begins with version: 1");
        return -EINVAL;
    }
    struct reader reader = reader_of(s, diag);
    root_read(&reader, root);
    if (reader.failed)
        return -ENOMEM;
    return diag_count(diag) == before ? 0 : -EINVAL;
}

int scenario_parse(const char *text, size_t len, const char *path, struct diag *diag,
                   struct scenario **ret_scenario)
{
    struct scenario *s = scenario_new();

    if (!s)
        return -ENOMEM;
    int r = read_into(s, text, len, path, diag);
    if (r)
        scenario_free(s);
    else
        *ret_scenario = s;
    return r;
}

/* --- files --- */

static int no_file(struct diag *diag, int error, const char *why)
{
    diag_error(diag, (struct position){0}, "%s", why ? why : strerror(error));
    return -error;
}

static int check_file(int fd, struct diag *diag, size_t *ret_size)
{
    struct stat st;

    if (fstat(fd, &st))
        return no_file(diag, errno, NULL);
    if (S_ISDIR(st.st_mode))
        return no_file(diag, EISDIR, "is a directory, not a scenario");
    if (!S_ISREG(st.st_mode))
        return no_file(diag, EINVAL, "is not a regular file");
    if (st.st_size > (off_t)SCENARIO_FILE_MAX)
        return no_file(diag, EFBIG, "larger than 4 MiB: too large for a scenario");
    *ret_size = (size_t)st.st_size;
    return 0;
}

/* At most size bytes: a file that grows meanwhile is cut. */
static int read_all(int fd, char *text, size_t size, size_t *ret_len)
{
    *ret_len = 0;
    while (*ret_len < size) {
        ssize_t got = read(fd, text + *ret_len, size - *ret_len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (!got)
            break;
        *ret_len += (size_t)got;
    }
    return 0;
}

int scenario_load(const char *path, struct diag *diag, struct scenario **ret_scenario)
{
    /* Not blocking: a FIFO without a writer would hold us for ever. */
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t size = 0, len = 0;

    if (fd < 0)
        return no_file(diag, errno, NULL);
    int r = check_file(fd, diag, &size);
    if (r)
        return r;
    cleanup_free char *text = malloc(size + 1);
    if (!text)
        return -ENOMEM;
    r = read_all(fd, text, size, &len);
    if (r)
        return no_file(diag, -r, NULL);
    return scenario_parse(text, len, path, diag, ret_scenario);
}

/* --- secrets --- */

static size_t secret_at(const struct scenario *s, const char *text)
{
    size_t longest = 0;

    for (size_t i = 0; s && i < s->secrets_count; i++) {
        size_t len = strlen(s->secrets[i]);
        if (len > longest && !strncmp(text, s->secrets[i], len))
            longest = len;
    }
    return longest;
}

void scenario_mask(const struct scenario *scenario, const char *text, struct buf *out)
{
    const char *from = text;

    for (const char *p = text; *p;) {
        size_t len = secret_at(scenario, p);
        if (!len) {
            p++;
            continue;
        }
        buf_add_n(out, from, (size_t)(p - from));
        buf_add(out, "***");
        p += len;
        from = p;
    }
    buf_add(out, from);
}

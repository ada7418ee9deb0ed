/* A thread for each name that is asked for, and a pipe on which they report.  Floor 3.
 *
 * glibc's getaddrinfo_a would do it with threads as well, and tell by a signal or a thread of its own. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/proxy/lookup.h"

struct lookup {
    int pipe; /* a duplicate of its own: whoever asked may be gone */
    lookup_fn *fn;
    void *arg;
    int error;
    struct addresses found;
    char text[];
};

struct lookups {
    struct relay *relay;
    int pipe[2];
};

/* A pointer is written whole. */
static void *look_up(void *arg)
{
    struct lookup *l = arg;
    int fd = l->pipe;

    l->error = address_resolve(l->text, false, false, &l->found);
    if (write(fd, &l, sizeof(l)) != sizeof(l))
        free(l); /* nobody listens any more (EPIPE) */
    close(fd);
    return NULL;
}

static void on_answer(void *arg, int fd)
{
    struct lookup *l;

    (void)arg;
    if (read(fd, &l, sizeof(l)) != sizeof(l))
        return;
    if (l->fn)
        l->fn(l->arg, l->error, &l->found);
    free(l);
}

int lookups_new(struct relay *relay, struct lookups **ret_lookups)
{
    struct lookups *lookups = calloc(1, sizeof(*lookups));

    if (!lookups)
        return -ENOMEM;
    lookups->relay = relay;
    if (pipe2(lookups->pipe, O_CLOEXEC)) {
        free(lookups);
        return -errno;
    }
    int error = relay_watch(relay, lookups->pipe[0], on_answer, lookups);
    if (error) {
        lookups_free(lookups);
        return error;
    }
    *ret_lookups = lookups;
    return 0;
}

void lookups_free(struct lookups *lookups)
{
    if (!lookups)
        return;
    relay_unwatch(lookups->relay, lookups->pipe[0]);
    close(lookups->pipe[0]);
    close(lookups->pipe[1]);
    free(lookups);
}

static int start_thread(struct lookup *l)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, look_up, l);

    if (!error)
        pthread_detach(thread);
    return -error;
}

int lookup_start(struct lookups *lookups, const char *text, lookup_fn *fn, void *arg,
                 struct lookup **ret_lookup)
{
    size_t len = strlen(text) + 1;
    struct lookup *l = calloc(1, sizeof(*l) + len);

    if (!l)
        return -ENOMEM;
    memcpy(l->text, text, len);
    l->fn = fn;
    l->arg = arg;
    l->pipe = fcntl(lookups->pipe[1], F_DUPFD_CLOEXEC, 0);
    int error = l->pipe < 0 ? -errno : start_thread(l);
    if (error) {
        clean_fd(&l->pipe);
        free(l);
        return error;
    }
    *ret_lookup = l;
    return 0;
}

void lookup_cancel(struct lookup *lookup)
{
    lookup->fn = NULL;
}

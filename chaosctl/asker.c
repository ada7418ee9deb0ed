/* One thread for each question, and a pipe for its answer.  Floor 5. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "chaosctl/asker.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/run/drill_client.h"

struct asker {
    const char *folder;
    int pipe[2];
    bool is_busy;
};

struct question {
    const char *folder;
    char *line;
    int fd;
};

struct answer_of_run {
    int error;
    char *text;
};

struct asker *asker_new(const char *folder)
{
    struct asker *asker = calloc(1, sizeof(*asker));

    if (!asker)
        return NULL;
    asker->folder = folder;
    if (!pipe2(asker->pipe, O_CLOEXEC | O_NONBLOCK))
        return asker;
    free(asker);
    return NULL;
}

/* The pipe is empty, and takes so few bytes in one piece. */
static void *work(void *arg)
{
    struct question *q = arg;
    struct answer_of_run answer = {0};

    answer.error = drill_client_ask(q->folder, q->line, &answer.text);
    if (write(q->fd, &answer, sizeof(answer)) != sizeof(answer))
        free(answer.text);
    free(q->line);
    free(q);
    return NULL;
}

/* Signals are for who draws. */
static int start(struct question *q)
{
    pthread_t thread;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, work, q);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error)
        pthread_detach(thread);
    return error;
}

bool asker_ask(struct asker *asker, char *line)
{
    cleanup_free char *taken = line;
    cleanup_free struct question *q = asker->is_busy || !line ? NULL : malloc(sizeof(*q));

    if (!q)
        return false;
    *q = (struct question){asker->folder, line, asker->pipe[1]};
    if (start(q))
        return false;
    steal(&taken);
    steal(&q);
    asker->is_busy = true;
    return true;
}

bool asker_is_busy(const struct asker *asker)
{
    return asker->is_busy;
}

int asker_fd(const struct asker *asker)
{
    return asker->pipe[0];
}

int asker_take(struct asker *asker, char **ret_answer)
{
    struct answer_of_run answer;

    if (read(asker->pipe[0], &answer, sizeof(answer)) != sizeof(answer))
        return -EAGAIN;
    asker->is_busy = false;
    *ret_answer = answer.text;
    return answer.error;
}

void asker_free(struct asker *asker)
{
    if (!asker || asker->is_busy)
        return;
    close(asker->pipe[0]);
    close(asker->pipe[1]);
    free(asker);
}

/* Asking by running a program.  Floor 3.
 *
 * The answer is there when the program has ended, not when its pipes close: what it left running in the
 * background may hold them for ever. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/probe/way.h"
#include "chaosctl/run/process.h"

#define CHUNK_BYTES     65536
#define DRAIN_MAX       64   /* chunks read after the end: somebody else may be writing without end */
#define DESCENDANTS_MAX 1024 /* killed at a time-out beside the group */
#define HIDDEN_MAX      64

struct stream {
    int fd; /* -1: at its end */
    struct buf text;
    bool cut;
};

struct child {
    pid_t pid; /* 0: not running */
    int exit_code;
    struct stream out, err;
};

/* --- output --- */

/* Take one chunk.  1: there may be more; -EAGAIN: not now; 0 or another -errno: never. */
static int take_chunk(struct stream *stream)
{
    static char chunk[CHUNK_BYTES]; /* one loop, one thread */
    ssize_t got = read(stream->fd, chunk, sizeof(chunk));

    if (got <= 0)
        return got < 0 ? -errno : 0;
    size_t room = ANSWER_BODY_MAX - stream->text.len;
    buf_add_n(&stream->text, chunk, (size_t)got < room ? (size_t)got : room);
    stream->cut = stream->cut || (size_t)got > room || stream->text.failed;
    return 1;
}

static void close_stream(struct asking *asking, struct stream *stream)
{
    if (stream->fd < 0)
        return;
    loop_remove_fd(prober_loop(asking->prober), stream->fd);
    close(stream->fd);
    stream->fd = -1;
}

static void drain(struct stream *stream)
{
    for (int i = 0; i < DRAIN_MAX && stream->fd >= 0 && take_chunk(stream) > 0; i++)
        continue;
}

static void on_output(void *arg, int fd, uint32_t events)
{
    struct asking *asking = arg;
    struct child *child = asking->own;
    struct stream *stream = fd == child->out.fd ? &child->out : &child->err;

    (void)events;
    int r = take_chunk(stream);
    if (r <= 0 && r != -EAGAIN && r != -EINTR)
        close_stream(asking, stream);
}

/* --- the end --- */

static void on_exit_of(void *arg, pid_t pid, int status)
{
    struct asking *asking = arg;
    struct child *child = asking->own;

    (void)pid;
    child->pid = 0;
    drain(&child->out);
    drain(&child->err);
    child->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (WIFSIGNALED(status))
        asking_finish(asking, "killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (child->exit_code)
        asking_finish(asking, "exit code %d", child->exit_code);
    else
        asking_finish(asking, NULL);
}

/* The group, and those who left it.  Reaping is the loop's, in passing. */
static void kill_all(struct asking *asking, pid_t pid)
{
    static pid_t descendants[DESCENDANTS_MAX];
    size_t count = process_descendants(pid, descendants, DESCENDANTS_MAX);

    loop_remove_child(prober_loop(asking->prober), pid);
    kill(-pid, SIGKILL);
    for (size_t i = 0; i < count; i++)
        kill(descendants[i], SIGKILL);
}

static void stop(struct asking *asking)
{
    struct child *child = asking->own;

    if (child->pid)
        kill_all(asking, child->pid);
    child->pid = 0;
    close_stream(asking, &child->out);
    close_stream(asking, &child->err);
}

/* --- the start --- */

static int open_pipe(struct asking *asking, struct stream *stream, int *ret_write_end)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC))
        return -errno;
    stream->fd = ends[0];
    *ret_write_end = ends[1];
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK))
        return -errno;
    return loop_add_fd(prober_loop(asking->prober), ends[0], EPOLLIN, on_output, asking);
}

/* A probe is never under the shim, even when chaosctl itself was started with the variables that bring a
 * process into a run: without a control area's name the shim passes everything through. */
static size_t hide_ours(struct pair hidden[static HIDDEN_MAX], struct buf *names)
{
    size_t count = 0;

    for (char **e = environ; *e; e++)
        if (!strncmp(*e, "CHAOSCTL_", 9) && strchr(*e, '='))
            buf_add_n(names, *e, (size_t)(strchr(*e, '=') - *e) + 1);
    if (names->failed || !names->data)
        return 0;
    for (char *name = names->data, *end; (end = strchr(name, '=')) && count < HIDDEN_MAX; name = end + 1) {
        *end = '\0';
        hidden[count++] = (struct pair){name, ""};
    }
    return count;
}

/* What the scenario gives it stands behind what is hidden, and holds. */
static struct pair *environment_of(const struct probe *probe, struct buf *names, size_t *ret_count)
{
    struct pair *env = calloc(HIDDEN_MAX + probe->env_count, sizeof(*env));
    size_t hidden = env ? hide_ours(env, names) : 0;

    for (size_t i = 0; env && i < probe->env_count; i++)
        env[hidden + i] = probe->env[i];
    *ret_count = hidden + probe->env_count;
    return env;
}

static pid_t run(struct asking *asking, int out, int err)
{
    cleanup_buf struct buf names = {0};
    size_t count = 0;
    cleanup_free struct pair *env = environment_of(asking->probe, &names, &count);
    struct spawn spawn = {
        .argv = asking->probe->argv,
        .dir = prober_dir(asking->prober),
        .env = env,
        .env_count = count,
        .stdin_fd = -1,
        .stdout_fd = out,
        .stderr_fd = err,
        .dies_with_us = true,
    };

    return env ? process_start(&spawn) : -ENOMEM;
}

static int begin(struct asking *asking)
{
    struct child *child = asking->own;
    cleanup_fd int out = -1;
    cleanup_fd int err = -1;
    int error = open_pipe(asking, &child->out, &out);

    if (!error)
        error = open_pipe(asking, &child->err, &err);
    if (error)
        return error;
    pid_t pid = run(asking, out, err);
    if (pid < 0) {
        asking_finish(asking, "cannot run %s: %s", asking->probe->argv[0], strerror(-pid));
        return 0;
    }
    child->pid = pid;
    return loop_add_child(prober_loop(asking->prober), pid, on_exit_of, asking);
}

static void release(struct asking *asking)
{
    struct child *child = asking->own;

    buf_free(&child->out.text);
    buf_free(&child->err.text);
    free(child);
}

static int start(struct asking *asking)
{
    struct child *child = calloc(1, sizeof(*child));

    if (!child)
        return -ENOMEM;
    *child = (struct child){.exit_code = -1, .out.fd = -1, .err.fd = -1};
    asking->own = child;
    int error = begin(asking);
    if (error) {
        stop(asking);
        release(asking);
    }
    return error;
}

static void fill(struct asking *asking, struct answer *answer)
{
    struct child *child = asking->own;

    answer->exit_code = child->exit_code;
    answer->body = buf_text(&child->out.text);
    answer->body_len = child->out.text.len;
    answer->body_cut = child->out.cut;
    answer->stderr_text = buf_text(&child->err.text);
    answer->stderr_len = child->err.text.len;
    answer->stderr_cut = child->err.cut;
}

const struct probe_way probe_way_exec = {start, stop, fill, release};

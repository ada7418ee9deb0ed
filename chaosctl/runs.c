/* Finding runs and asking them.  Floor 5. */
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/drill_client.h"
#include "chaosctl/runs.h"

static int failed(const struct command *command, int error, const char *what)
{
    cleanup_buf struct buf why = {0};

    control_explain(error, &why);
    fprintf(stderr, "chaosctl %s: %s: %s\n", command->name, what, buf_text(&why));
    return EXIT_TOOL;
}

/* --- which --- */

int runs_find(const struct command *command, bool askable, struct runs *ret_runs)
{
    struct runs runs = {.command = command, .arena = arena_new()};
    size_t living = 0;
    int error = runs.arena ? control_base(&runs.base) : -ENOMEM;

    if (!error)
        error = state_list(runs.base, runs.arena, &runs.states, &runs.count);
    if (error) {
        runs_free(&runs);
        return failed(command, error, "cannot list the runs");
    }
    for (size_t i = 0; i < runs.count; i++) {
        const struct state *s = &runs.states[i];
        if (state_is_alive(s) && (askable ? drill_client_may_ask(s->folder) : !!s->control))
            runs.states[living++] = *s;
    }
    runs.count = living;
    *ret_runs = runs;
    return 0;
}

void runs_free(struct runs *runs)
{
    free(runs->base);
    arena_free(runs->arena);
}

static void list(const struct runs *r)
{
    for (size_t i = 0; i < r->count; i++)
        fprintf(stderr, "  %s  since %s, process %d\n", r->states[i].run, r->states[i].started,
                r->states[i].pid);
}

int runs_choose(const struct runs *r, const char *name, const struct state **ret_state)
{
    const char *command = r->command->name;

    *ret_state = NULL;
    for (size_t i = 0; i < r->count; i++)
        if (!name || !strcmp(name, r->states[i].run))
            *ret_state = &r->states[i];
    if (name && !*ret_state)
        fprintf(stderr, "chaosctl %s: there is no run \"%s\" under way%s\n", command, name,
                r->count ? "; there are:" : "");
    else if (!r->count)
        fprintf(stderr, "chaosctl %s: no run is under way\n", command);
    else if (!name && r->count > 1)
        fprintf(stderr, "chaosctl %s: %zu runs are under way; say which:\n", command, r->count);
    else
        return 0;
    list(r);
    return EXIT_USAGE;
}

/* --- asking --- */

static const char *terminal_name(void)
{
    const char *name = NULL;

    for (int fd = 0; fd < 3 && !name; fd++)
        name = ttyname(fd);
    return name;
}

/* After sudo: whose hand it was.  Environment and all, it is the asker's own word, and told as such. */
static void say_user(struct buf *out)
{
    const struct passwd *user = getpwuid(getuid());
    const char *before = getenv("SUDO_USER");

    buf_printf(out, "%.64s", user ? user->pw_name : "?");
    if (before && *before)
        buf_printf(out, " (sudo by %.64s)", before);
}

static int refused(const struct runs *r, const struct state *state, const json_t *answer)
{
    const char *why = json_string_value(json_object_get(answer, "error"));

    fprintf(stderr, "chaosctl %s: run %s: %s\n", r->command->name, state->run,
            why ? why : "its answer is not understood");
    return why ? EXIT_USAGE : EXIT_TOOL;
}

const char *runs_why_unheard(int error)
{
    switch (error) {
    case -ENOENT:
    case -ECONNREFUSED:
    case -ECONNRESET:
    case -EPIPE: return "it has ended";
    case -ETIMEDOUT: return "it does not answer; `chaosctl halt` lifts its faults all the same";
    default: return strerror(-error);
    }
}

char *runs_request_line(const struct drill_request *request)
{
    cleanup_buf struct buf user = {0};
    struct drill_request whole = *request;

    say_user(&user);
    whole.user = buf_text(&user);
    whole.terminal = terminal_name();
    return drill_request_line(&whole);
}

int runs_ask(const struct runs *r, const struct state *state, const struct drill_request *request,
             json_t **ret_answer)
{
    cleanup_free char *line = runs_request_line(request), *text = NULL;

    if (!line)
        return usage_error(r->command, "that is not UTF-8");
    int error = drill_client_ask(state->folder, line, &text);
    if (error) {
        fprintf(stderr, "chaosctl %s: run %s: %s\n", r->command->name, state->run, runs_why_unheard(error));
        return EXIT_TOOL;
    }
    json_t *answer = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_true(json_object_get(answer, "ok"))) {
        int code = refused(r, state, answer);
        json_decref(answer);
        return code;
    }
    *ret_answer = answer;
    return 0;
}

int runs_ask_one(const struct command *command, const char *name, const struct drill_request *request,
                 json_t **ret_answer)
{
    const struct state *state = NULL;
    struct runs runs;
    int code = runs_find(command, true, &runs);

    if (code)
        return code;
    code = runs_choose(&runs, name, &state);
    if (!code)
        code = runs_ask(&runs, state, request, ret_answer);
    runs_free(&runs);
    return code;
}

void runs_await_end(const struct state *state)
{
    cleanup_fd int pidfd = (int)syscall(SYS_pidfd_open, state->pid, 0);
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};

    /* A number that was used again is another process. */
    while (pidfd >= 0 && state_is_alive(state) && poll(&ended, 1, -1) < 0 && errno == EINTR)
        continue;
}

/* chaosctl top: a drill on a whole screen, and keys to take part in it.  Floor 5. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/cmd_top.h"
#include "chaosctl/command.h"
#include "chaosctl/report/told.h"
#include "chaosctl/run/halt.h"
#include "chaosctl/runs.h"

enum { OPTION_INTERVAL = 1 };

static const struct option_row rows[] = {
    {OPTION_INTERVAL, 'i', "interval", "TIME",
     "look again each TIME, such as 500ms; each second unless given"},
    {0},
};

static int top_run(int argc, char **argv);

const struct command command_top = {
    .name = "top",
    .operands = "[RUN]",
    .summary = "Look on at a run under way on a whole screen, with keys to inject, lift and halt",
    .details =
        "Keys: i inject, l lift, h halt, r resume, n note, c continue, q quit, ? help.  RUN may be left "
        "out when there\nis but one.  Without a screen: `chaosctl status --watch`.",
    .options = rows,
    .run = top_run,
};

static volatile sig_atomic_t was_told_to_end;

static void end_told(int signal)
{
    (void)signal;
    was_told_to_end = 1;
}

/* ncurses would leave by itself, and say that it failed. */
static void take_signals(void)
{
    const struct sigaction ends = {.sa_handler = end_told};
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        sigaction(numbers[i], &ends, NULL);
}

/* --- looking --- */

static void look(struct top *top)
{
    uint64_t now_ns = now_mono_ns();

    if (now_ns < top->next_ns || asker_is_busy(top->looker))
        return;
    top->next_ns = now_ns + top->interval_ns;
    asker_ask(top->looker, drill_request_line(&(struct drill_request){.ask = DRILL_STATUS}));
}

static void looked(struct top *top)
{
    cleanup_free char *text = NULL;
    int error = asker_take(top->looker, &text);
    json_t *told = error ? NULL : json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (error == -EAGAIN)
        return;
    if (told_is(told, "ok")) {
        json_decref(top->told);
        top->told = told;
        return;
    }
    json_decref(told);
    top_say(top, true, "%s", error ? runs_why_unheard(error) : "its answer is not understood");
}

static void acted(struct top *top)
{
    cleanup_free char *text = NULL;
    int error = asker_take(top->doer, &text);

    if (error != -EAGAIN)
        top_done(top, error, text);
}

static int wait_ms(const struct top *top)
{
    uint64_t now_ns = now_mono_ns();

    if (asker_is_busy(top->looker))
        return (int)(top->interval_ns / NS_PER_MS) + 1;
    return top->next_ns > now_ns ? (int)((top->next_ns - now_ns) / NS_PER_MS) + 1 : 0;
}

/* A look after each wait, however it ended: a new size interrupts it. */
static void watch(struct top *top)
{
    while (!top->quits && !was_told_to_end && state_is_alive(top->run)) {
        struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                 {.fd = asker_fd(top->looker), .events = POLLIN},
                                 {.fd = asker_fd(top->doer), .events = POLLIN}};
        look(top);
        screen_draw(top);
        int n = poll(ready, 3, wait_ms(top));
        if (n > 0 && ready[0].revents & (POLLHUP | POLLERR))
            return;
        screen_read(top);
        looked(top);
        acted(top);
    }
}

/* --- the command --- */

static int no_screen(int error)
{
    const char *term = getenv("TERM");

    if (error == -ELIBACC)
        fputs("chaosctl top: there is no ncurses here, as in Debian's libncursesw6", stderr);
    else
        fprintf(stderr, "chaosctl top: this terminal (TERM=%s) is not known", term ? term : "");
    fputs("; `chaosctl status --watch` needs none\n", stderr);
    return EXIT_TOOL;
}

static int show(struct top *top)
{
    int error = top->looker && top->doer && top->halt ? 0 : -ENOMEM;

    if (error)
        return EXIT_TOOL;
    take_signals();
    error = screen_open();
    if (error)
        return no_screen(error);
    watch(top);
    screen_close();
    if (!state_is_alive(top->run))
        fprintf(stderr, "chaosctl top: run %s has ended\n", top->run->run);
    return EXIT_PASS;
}

static int show_run(const struct state *run, uint64_t interval_ns)
{
    struct top top = {.run = run,
                      .looker = asker_new(run->folder),
                      .doer = asker_new(run->folder),
                      .interval_ns = interval_ns,
                      .halt = halt_path()};
    int code = show(&top);

    json_decref(top.told);
    asker_free(top.looker);
    asker_free(top.doer);
    free(top.halt);
    buf_free(&top.typed);
    buf_free(&top.last_spec);
    buf_free(&top.message);
    return code;
}

static int choose(const char *name, uint64_t interval_ns)
{
    const struct state *run = NULL;
    struct runs runs;
    int code = runs_find(&command_top, true, &runs);

    if (code)
        return code;
    code = runs_choose(&runs, name, &run);
    if (!code)
        code = show_run(run, interval_ns);
    runs_free(&runs);
    return code;
}

static int top_run(int argc, char **argv)
{
    struct options o = options_of(&command_top, argc, argv);
    uint64_t interval_ns = NS_PER_S;
    const char *wrong = NULL;

    for (int id; (id = option_next(&o)) > 0;)
        if (unit_parse_duration(o.value, &interval_ns) || interval_ns < NS_PER_MS ||
            interval_ns > 3600 * NS_PER_S)
            wrong = o.value;
    if (o.done)
        return o.status;
    if (wrong)
        return usage_error(&command_top, "--interval: \"%s\" is not a time, such as 500ms", wrong);
    if (o.operand_count > 1)
        return usage_error(&command_top, "one RUN at most");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return usage_error(&command_top, "it needs a terminal; `chaosctl status --watch` needs none");
    return choose(o.operand_count ? o.operands[0] : NULL, interval_ns);
}

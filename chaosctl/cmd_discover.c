/* chaosctl discover: run a command under observation, and see what it depends on.  Floor 5.
 *
 * What was seen goes to standard output, and nothing else does: the command's own output goes to standard
 * error. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/cmd_discover.h"
#include "chaosctl/command.h"
#include "chaosctl/probe/load.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/listener.h"
#include "chaosctl/run/process.h"

#define APP_INDEX   0
#define TICK_NS     (250 * NS_PER_MS)
#define STOP_NS     (5 * NS_PER_S) /* then it is killed */
#define ASK_PER_S   10.0
#define ASK_WAIT_NS (2 * NS_PER_S)
#define TREE_MAX    1024

enum { OPTION_FOR = 1, OPTION_GET };

static const struct option_row rows[] = {
    {OPTION_FOR, 'f', "for", "TIME", "end it after this time; unless given, when it ends or at Ctrl-C"},
    {OPTION_GET, 'g', "get", "URL", "ask it for this, ten times a second"},
    {0},
};

static int discover_run(int argc, char **argv);

const struct command command_discover = {
    .name = "discover",
    .operands = "[--] COMMAND [ARGUMENT]...",
    .summary = "Run a command, see what it depends on, and write a first scenario",
    .details =
        "  chaosctl discover --for 10s --get http://127.0.0.1:8080/ -- ./shop > shop.yml\n"
        "  chaosctl run shop.yml\n\n"
        "The dependencies stand at the scenario's head: name, address, what is spoken, how often it is "
        "called and how\n"
        "long that takes.  What COMMAND prints goes to standard error.  Exit status: 0; 3 when it was "
        "seen to depend\n"
        "on nothing, 2 when it could not be started.",
    .options = rows,
    .takes_command = true,
    .run = discover_run,
};

struct discover {
    struct loop *loop;
    struct prober *prober;
    struct control *control;
    struct scenario *scenario;
    struct service service;
    struct probe page;
    struct load load;
    struct load_run *visits;
    char **argv;
    uint64_t for_ns, started_ns, ended_ns;
    struct timer tick, end;
    pid_t pid;
    uint16_t port;
    bool entered, ending, gone;
};

/* --- the command line --- */

static bool is_url(const char *url)
{
    return (!strncmp(url, "http://", 7) && url[7]) || (!strncmp(url, "https://", 8) && url[8]);
}

static int take_option(struct discover *d, int id, const char *value)
{
    if (id == OPTION_FOR && (unit_parse_duration(value, &d->for_ns) || !d->for_ns))
        return usage_error(&command_discover, "--for: \"%s\" is not a duration such as 10s", value);
    if (id == OPTION_GET && !is_url(value))
        return usage_error(&command_discover, "--get: \"%s\" is no URL such as http://127.0.0.1:8080/",
                           value);
    if (id == OPTION_GET)
        d->page = (struct probe){
            .kind = PROBE_HTTP, .name = "page", .timeout_ns = ASK_WAIT_NS, .method = "GET", .url = value};
    return 0;
}

/* True when there is a command to run; otherwise *ret_code is the exit code. */
static bool take_arguments(struct discover *d, int argc, char **argv, int *ret_code)
{
    struct options o = options_of(&command_discover, argc, argv);

    *ret_code = EXIT_USAGE;
    for (int id; (id = option_next(&o)) > 0;)
        if (take_option(d, id, o.value)) {
            free(o.table);
            return false;
        }
    if (o.done)
        *ret_code = o.status;
    else if (!o.operand_count)
        usage_error(&command_discover, "there is no command to run");
    d->argv = o.operands;
    return !o.done && o.operand_count;
}

/* --- while it runs --- */

static size_t members(struct discover *d, pid_t *pids)
{
    size_t count = control_members(d->control, -1, pids, TREE_MAX);

    d->entered = d->entered || count;
    return count;
}

static void look(struct discover *d)
{
    pid_t pids[TREE_MAX];
    size_t count = members(d, pids);
    uint16_t port = listener_port(pids, count);

    d->port = port ? port : d->port;
}

static void kill_group(const struct discover *d, int signal)
{
    if (!d->gone)
        kill(-d->pid, signal);
}

static void force_end(void *arg)
{
    kill_group(arg, SIGKILL);
}

/* What it does while it ends is not what it does. */
static void begin_end(struct discover *d)
{
    if (d->ending) {
        force_end(d);
        return;
    }
    look(d);
    d->ending = true;
    d->ended_ns = now_mono_ns();
    kill_group(d, SIGTERM);
    kill_group(d, SIGCONT);
    d->end.fn = force_end;
    loop_set_timer(d->loop, &d->end, d->ended_ns + STOP_NS);
}

static void time_is_over(void *arg)
{
    begin_end(arg);
}

static void on_signal(void *arg, int signal)
{
    (void)signal;
    begin_end(arg);
}

static void on_tick(void *arg)
{
    struct discover *d = arg;

    look(d);
    loop_set_timer(d->loop, &d->tick, now_mono_ns() + TICK_NS);
}

static void ended(void *arg, pid_t pid, int status)
{
    struct discover *d = arg;

    (void)pid;
    (void)status;
    d->gone = true;
    if (!d->ending)
        d->ended_ns = now_mono_ns();
    loop_stop(d->loop);
}

/* What left the group is still ours. */
static void end_rest(void)
{
    pid_t pids[TREE_MAX];
    size_t count = process_descendants(getpid(), pids, TREE_MAX);

    for (size_t i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
}

/* --- from start to end --- */

static int failed(int error, const char *what)
{
    cleanup_buf struct buf why = {0};

    control_explain(error, &why);
    fprintf(stderr, "chaosctl discover: %s: %s\n", what, buf_text(&why));
    return EXIT_TOOL;
}

static int prepare(struct discover *d)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM};

    signal(SIGPIPE, SIG_IGN);
    d->scenario = scenario_empty();
    if (!d->scenario)
        return -ENOMEM;
    d->service = (struct service){.name = "app", .argv = d->argv};
    d->scenario->services = &d->service;
    d->scenario->services_count = 1;
    int error = control_new(&d->control);
    if (!error)
        error = control_fresh(d->control, d->scenario, 0);
    if (!error)
        error = loop_new(&d->loop);
    for (size_t i = 0; !error && i < sizeof(signals) / sizeof(*signals); i++)
        error = loop_add_signal(d->loop, signals[i], on_signal, d);
    if (!error)
        error = prober_new(d->loop, d->scenario->dir, &d->prober);
    if (!error)
        error = process_subreaper();
    if (!error)
        table_observe(control_table(d->control));
    return error;
}

static int start(struct discover *d)
{
    struct pair env[CONTROL_ENV];
    struct spawn spawn = {.argv = d->argv,
                          .env = env,
                          .env_count = CONTROL_ENV,
                          .stdin_fd = -1,
                          .stdout_fd = STDERR_FILENO,
                          .stderr_fd = STDERR_FILENO,
                          .continues_with_us_gone = true,
                          .refuses_uring = true};
    int error = control_env(d->control, APP_INDEX, env);

    if (error)
        return failed(error, "cannot enter a command");
    d->pid = process_start(&spawn);
    if (d->pid < 0) {
        fprintf(stderr, "chaosctl discover: %s: %s\n", d->argv[0], strerror(-d->pid));
        return EXIT_USAGE;
    }
    d->started_ns = now_mono_ns();
    error = loop_add_child(d->loop, d->pid, ended, d);
    return error ? failed(error, "cannot watch the command") : 0;
}

static int ask_for_pages(struct discover *d)
{
    d->load = (struct load){.name = "visits", .rate_per_s = ASK_PER_S, .max_in_flight = 64};
    int error = d->page.url ? load_new(d->loop, d->prober, &d->page, &d->load, &d->visits) : 0;

    if (!error && d->visits)
        load_start(d->visits);
    return error;
}

static int watch(struct discover *d)
{
    int error = ask_for_pages(d);

    if (error)
        return error;
    d->tick = (struct timer){.fn = on_tick, .arg = d};
    d->end = (struct timer){.fn = time_is_over, .arg = d};
    loop_set_timer(d->loop, &d->tick, d->started_ns + TICK_NS);
    if (d->for_ns)
        loop_set_timer(d->loop, &d->end, d->started_ns + d->for_ns);
    return loop_run(d->loop);
}

static void tell_why_nothing(struct discover *d)
{
    cleanup_free char *path = NULL;
    struct entry entry = {0};

    if (d->entered) {
        fputs("chaosctl discover: it connected to nothing\n", stderr);
        return;
    }
    if (process_find(d->argv[0], NULL, &path) || entry_examine(path, &entry) ||
        entry.verdict == ENTRY_PRELOAD)
        snprintf(entry.reason, sizeof(entry.reason), "it never loaded libchaosctl.so");
    /* Seccomp would tell whom it connects to, and nothing of what it asks them. */
    fprintf(stderr, "chaosctl discover: %s could not be observed, which takes the preloaded library: %s\n",
            d->argv[0], entry.reason);
}

static int tell(struct discover *d)
{
    cleanup_buf struct buf page = {0};
    pid_t pids[TREE_MAX];
    const struct discovery found = {
        .argv = d->argv,
        .get = d->page.url,
        .seen = control_table(d->control)->seen,
        .took_ns = d->ended_ns - d->started_ns,
        .port = d->port,
        .ended = !d->ending,
    };

    members(d, pids);
    if (!discovery_page(&found, &page)) {
        tell_why_nothing(d);
        return EXIT_INCONCLUSIVE;
    }
    fputs(buf_text(&page), stdout);
    return page.failed ? EXIT_TOOL : EXIT_PASS;
}

static int discover(struct discover *d)
{
    int error = prepare(d);

    if (error)
        return failed(error, "cannot start");
    int code = start(d);
    if (code)
        return code;
    error = watch(d);
    if (error)
        kill_group(d, SIGKILL);
    end_rest();
    return error ? failed(error, "cannot wait") : tell(d);
}

static int discover_run(int argc, char **argv)
{
    struct discover *d = calloc(1, sizeof(*d));
    int code = EXIT_TOOL;

    if (d && take_arguments(d, argc, argv, &code))
        code = discover(d);
    if (!d)
        return code;
    load_free(d->visits);
    prober_free(d->prober);
    control_free(d->control, false);
    loop_free(d->loop);
    scenario_free(d->scenario);
    free(d);
    return code;
}

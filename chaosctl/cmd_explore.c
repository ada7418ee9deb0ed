/* chaosctl explore: fail each call that can fail, and list what the program does not survive.  Floor 5.
 *
 * Standard output has the result alone; standard error, while it is a terminal, how far it has come. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/command.h"
#include "chaosctl/explore/engine.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/process.h"

enum { EXPLORE_NOTHING = 0, EXPLORE_FINDINGS = 1, EXPLORE_NOT_JUDGED = 2 };
enum { OPTION_BUDGET = 1, OPTION_JOBS, OPTION_EXIT, OPTION_ABORTS, OPTION_REPLAY, OPTION_RERUN, OPTION_LIBC };

static const struct option_row rows[] = {
    {OPTION_BUDGET, 0, "budget", "TIME", "stop exploring after this time; what was found by then is told"},
    {OPTION_JOBS, 0, "jobs", "N",
     "so many processes at a time; as many as there are processors unless given"},
    {OPTION_EXIT, 0, "exit", "STATUS", "what COMMAND exits with when nothing fails (0)"},
    {OPTION_ABORTS, 0, "aborts", NULL, "report deliberate aborts, too"},
    {OPTION_LIBC, 0, "libc", NULL, "report what libc itself does not survive, too"},
    {OPTION_REPLAY, 0, "replay", "ID", "explore this point alone"},
    {OPTION_RERUN, 0, "rerun", NULL, "run COMMAND anew for each point, and never fork it in mid-run"},
    {0},
};

static int explore_main(int argc, char **argv);

const struct command command_explore = {
    .name = "explore",
    .operands = "[--] COMMAND [ARGUMENT]...",
    .summary = "Fail each call that can fail, and list what the program does not survive",
    .details =
        "  chaosctl explore -- jq . data.json\n"
        "  chaosctl explore --budget 60s -- ./prog --option < input\n"
        "  chaosctl explore --replay 3f2a90c1d4e7 -- jq . data.json\n\n"
        "COMMAND runs some hundred times, in copies of the current folder.  Exit status: 0 when nothing "
        "was found,\n"
        "1 when something was, 2 when COMMAND could not be judged.",
    .options = rows,
    .takes_command = true,
    .run = explore_main,
};

static volatile bool interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = true;
}

/* --- the command line --- */

static int take_option(struct explore_request *request, int id, const char *value)
{
    uint64_t number = 0;

    switch (id) {
    case OPTION_BUDGET:
        if (unit_parse_duration(value, &request->budget_ns) || !request->budget_ns)
            return usage_error(&command_explore, "--budget: \"%s\" is not a time such as 60s", value);
        break;
    case OPTION_JOBS:
        if (unit_parse_count(value, &number) || !number || number > EXPLORE_JOBS_MAX)
            return usage_error(&command_explore, "--jobs: \"%s\" is not a number of 1 to %d", value,
                               EXPLORE_JOBS_MAX);
        request->jobs = number;
        break;
    case OPTION_EXIT:
        if (unit_parse_count(value, &number) || number > 255)
            return usage_error(&command_explore, "--exit: \"%s\" is not a status of 0 to 255", value);
        request->clean_status = number;
        break;
    case OPTION_ABORTS: request->reports_aborts = true; break;
    case OPTION_LIBC: request->reports_libc = true; break;
    case OPTION_REPLAY: request->only_id = value; break;
    case OPTION_RERUN: request->never_branches = true; break;
    }
    return 0;
}

static unsigned processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : count > EXPLORE_JOBS_MAX ? EXPLORE_JOBS_MAX : count;
}

/* True when there is a command; otherwise *ret_code is the exit code. */
static bool take_arguments(struct explore_request *request, int argc, char **argv, int *ret_code)
{
    struct options o = options_of(&command_explore, argc, argv);

    *ret_code = EXPLORE_NOT_JUDGED;
    for (int id; (id = option_next(&o)) > 0;)
        if (take_option(request, id, o.value)) {
            free(o.table);
            return false;
        }
    if (o.done)
        *ret_code = o.status;
    else if (!o.operand_count)
        usage_error(&command_explore, "there is no command to explore");
    request->argv = o.operands;
    return !o.done && o.operand_count;
}

/* --- may it be explored? --- */

static int not_judged(const char *program, const char *why)
{
    fprintf(stderr, "chaosctl explore: %s: %s\n", program, why);
    return EXPLORE_NOT_JUDGED;
}

static int examine(struct explore_request *request, char **ret_path)
{
    struct entry entry;
    int error = process_find(request->argv[0], NULL, ret_path);

    if (error)
        return not_judged(request->argv[0], strerror(-error));
    error = entry_examine(*ret_path, &entry);
    if (error)
        return not_judged(request->argv[0], strerror(-error));
    if (entry.verdict != ENTRY_PRELOAD)
        return not_judged(request->argv[0], entry.reason);
    request->program = *ret_path;
    return 0;
}

/* --- the result --- */

static void print_stack(const char *head, const struct stack *stack)
{
    for (size_t i = 0; i < stack->depth; i++) {
        const struct frame *f = &stack->frames[i];
        printf("      %s %s+0x%llx\n", i ? "    " : head, f->module ? f->module->path : "?",
               (unsigned long long)f->address);
    }
}

static void print_finding(const struct finding *f)
{
    const struct point *p = f->point;

    printf("  %s  %s %s: %s", p->id, p->call, p->error, ending_words(f->outcome));
    printf("%s%s%s%s\n", p->is_persistent ? " (failing for good)" : "", p->about ? " [" : "",
           p->about ? p->about : "", p->about ? "]" : "");
    if (f->detail)
        printf("      %s\n", f->detail);
    print_stack("call ", &p->stack);
    print_stack("crash", &f->crash);
}

static size_t print_findings(const struct explore_result *r, bool are_confirmed)
{
    size_t causes = 0;

    for (size_t i = 0; i < r->findings_count; i++) {
        const struct finding *f = &r->findings[i];
        bool is_same = i && f[-1].is_confirmed == f->is_confirmed && f[-1].cause == f->cause;
        if (f->is_confirmed != are_confirmed)
            continue;
        causes += !is_same;
        if (!is_same)
            print_finding(f);
    }
    return causes;
}

static void print_unexplored(const struct explore_result *r)
{
    bool any = false;

    printf("explored %zu of %zu points", r->explored_count, r->points_count);
    for (enum unexplored why = 0; why < UNEXPLORED_COUNT; why++)
        if (r->unexplored[why]) {
            printf("%s %llu (%s)", any ? "," : "; unexplored:", (unsigned long long)r->unexplored[why],
                   unexplored_words(why));
            any = true;
        }
    putchar('\n');
}

static int print_result(const struct explore_result *r)
{
    char took[UNIT_TEXT_BYTES];
    size_t confirmed = print_findings(r, true), others;

    printf("%zu defect%s\n", confirmed, confirmed == 1 ? "" : "s");
    others = print_findings(r, false);
    if (others)
        printf("%zu more, above, could not be confirmed by running anew\n", others);
    print_unexplored(r);
    for (enum ending o = 0; o < ENDING_COUNT; o++)
        if (r->outcomes[o])
            printf("  %6llu %s\n", (unsigned long long)r->outcomes[o], ending_name(o));
    for (size_t i = 0; i < r->notes_count; i++)
        printf("note: %s\n", r->notes[i]);
    for (size_t i = 0; i < r->uncovered_count; i++)
        printf("%s%s %llu%s",
               i ? ", " : "calls that no failure could be injected into: ", r->uncovered[i].call,
               (unsigned long long)r->uncovered[i].count, i + 1 == r->uncovered_count ? "\n" : "");
    printf("%s, %llu runs, %llu forks\n", unit_format_duration(r->took_ns, took), (unsigned long long)r->runs,
           (unsigned long long)r->forks);
    return confirmed ? EXPLORE_FINDINGS : EXPLORE_NOTHING;
}

/* Ten times a second, on a terminal. */
static void show_progress(void *arg, size_t done, size_t of, size_t findings)
{
    uint64_t *shown_ns = arg, now = now_mono_ns();

    if (now - *shown_ns < NS_PER_S / 10)
        return;
    *shown_ns = now;
    fprintf(stderr, "\r%zu of %zu points, %zu to look at\033[K", done, of, findings);
}

static int explore_command(struct explore_request *request)
{
    cleanup_buf struct buf why = {0};
    struct explore *explore = NULL;
    uint64_t shown_ns = 0;
    bool shows = isatty(STDERR_FILENO);

    request->progress = shows ? show_progress : NULL;
    request->arg = &shown_ns;
    int error = explore_run(request, &explore, &why);
    if (shown_ns)
        fputs("\r\033[K", stderr);
    if (error)
        return not_judged(request->argv[0], buf_text(&why));
    int code = print_result(explore_result(explore));
    explore_free(explore);
    return code;
}

static int explore_main(int argc, char **argv)
{
    struct explore_request request = {.jobs = processors(),
                                      .stdin_fd = isatty(STDIN_FILENO) ? -1 : STDIN_FILENO,
                                      .is_interrupted = &interrupted};
    cleanup_free char *path = NULL;
    int code;

    if (!take_arguments(&request, argc, argv, &code))
        return code;
    code = examine(&request, &path);
    if (code)
        return code;
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    return explore_command(&request);
}

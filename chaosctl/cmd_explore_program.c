/* explore COMMAND: fail each call that can fail, and list what the program does not survive.  Floor 5.
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
#include "chaosctl/cmd_explore.h"
#include "chaosctl/cmd_explore_output.h"
#include "chaosctl/explore/engine.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/process.h"

enum { EXPLORE_NOTHING = 0, EXPLORE_FINDINGS = 1, EXPLORE_NOT_JUDGED = 2 };

static volatile bool interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = true;
}

/* --- the command line --- */

static int take_output_option(struct explore_output *output, int id, const char *value)
{
    switch (id) {
    case EXPLORE_FORMAT: return explore_output_format(output, value);
    case EXPLORE_JSON: return explore_output_format(output, "json");
    case EXPLORE_REPORT: return explore_output_file(output, value);
    case EXPLORE_BASELINE: output->baseline_path = value; break;
    case EXPLORE_WRITE_BASELINE: output->written_path = value; break;
    case EXPLORE_SUPPRESS: output->suppress_path = value; break;
    }
    return 0;
}

static int take_option(struct explore_request *request, int id, const char *value)
{
    uint64_t number = 0;

    switch (id) {
    case EXPLORE_BUDGET:
        if (unit_parse_duration(value, &request->budget_ns) || !request->budget_ns)
            return usage_error(&command_explore, "--budget: \"%s\" is not a time such as 60s", value);
        break;
    case EXPLORE_JOBS:
        if (unit_parse_count(value, &number) || !number || number > EXPLORE_JOBS_MAX)
            return usage_error(&command_explore, "--jobs: \"%s\" is not a number of 1 to %d", value,
                               EXPLORE_JOBS_MAX);
        request->jobs = number;
        break;
    case EXPLORE_EXIT:
        if (unit_parse_count(value, &number) || number > 255)
            return usage_error(&command_explore, "--exit: \"%s\" is not a status of 0 to 255", value);
        request->clean_status = number;
        break;
    case EXPLORE_ABORTS: request->reports_aborts = true; break;
    case EXPLORE_LIBC: request->reports_libc = true; break;
    case EXPLORE_REPLAY: request->only_id = value; break;
    case EXPLORE_RERUN: request->never_branches = true; break;
    }
    return 0;
}

static unsigned processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : count > EXPLORE_JOBS_MAX ? EXPLORE_JOBS_MAX : count;
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

/* What decides how an ending is judged. */
static void add_replay_options(const struct explore_request *request, struct buf *out)
{
    if (request->clean_status)
        buf_printf(out, "--exit %d ", request->clean_status);
    buf_add(out, request->reports_aborts ? "--aborts " : "");
    buf_add(out, request->reports_libc ? "--libc " : "");
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

static int explore_command(struct explore_request *request, struct explore_output *output)
{
    cleanup_buf struct buf why = {0}, options = {0};
    struct explore *explore = NULL;
    uint64_t shown_ns = 0;

    request->progress = isatty(STDERR_FILENO) ? show_progress : NULL;
    request->arg = &shown_ns;
    int error = explore_run(request, &explore, &why);
    if (shown_ns)
        fputs("\r\033[K", stderr);
    if (error)
        return not_judged(request->argv[0], buf_text(&why));
    add_replay_options(request, &options);
    output->replay_options = buf_text(&options);
    int code = explore_output_put(output, explore_result(explore));
    explore_free(explore);
    return code;
}

int explore_program(char **argv, const struct explore_given *given, size_t count)
{
    struct explore_request request = {.argv = argv,
                                      .jobs = processors(),
                                      .stdin_fd = isatty(STDIN_FILENO) ? -1 : STDIN_FILENO,
                                      .is_interrupted = &interrupted};
    struct explore_output output = {.command = &command_explore};
    cleanup_free char *path = NULL;
    int code = 0;

    for (size_t i = 0; i < count && !code; i++)
        if (take_option(&request, given[i].option, given[i].value) ||
            take_output_option(&output, given[i].option, given[i].value))
            code = EXPLORE_NOT_JUDGED;
    if (!code)
        code = explore_output_check(&output);
    if (!code)
        code = examine(&request, &path);
    if (!code) {
        signal(SIGINT, interrupt);
        signal(SIGTERM, interrupt);
        if (signal(SIGHUP, interrupt) == SIG_IGN) /* nohup */
            signal(SIGHUP, SIG_IGN);
        code = explore_command(&request, &output);
    }
    explore_output_free(&output);
    return code;
}

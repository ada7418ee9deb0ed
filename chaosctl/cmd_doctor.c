/* chaosctl doctor: what works here, how a program can be entered, what runs left behind.  Floor 5. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/command.h"
#include "chaosctl/report/journal.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/host.h"
#include "chaosctl/run/leftover.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/way_in.h"

enum { OPTION_JSON = 1, OPTION_CLEAN };

static const struct option_row options[] = {
    {OPTION_JSON, 'j', "json", NULL, "print one JSON object"},
    {OPTION_CLEAN, 0, "clean", NULL, "end services and remove folders of runs whose chaosctl is dead"},
    {0},
};

static int run_command(int argc, char **argv);

const struct command command_doctor = {
    .name = "doctor",
    .operands = "[PROGRAM|PID]",
    .summary = "See what works on this host, or how a program can be entered",
    .details =
        "Without an operand: what a run needs here, a line each: ok, limited or FAIL, and what to do.\n"
        "With a program (looked up in PATH) or a process: which way faults enter it and why, or why none\n"
        "can. Exits 0 when it can (all essentials work), 1 when not.",
    .options = options,
    .run = run_command,
};

static int fail(const char *what, int error)
{
    fprintf(stderr, "chaosctl doctor: %s: %s\n", what, strerror(-error));
    return EXIT_TOOL;
}

/* Takes json over. */
static int print_json(json_t *json, int status)
{
    cleanup_free char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;

    json_decref(json);
    if (!text)
        return fail("JSON", -ENOMEM);
    puts(text);
    return status;
}

static void print_line(enum host_status status, const char *name, const char *detail, const char *advice)
{
    bool colour = may_colour(1);
    static const char *const colours[HOST_STATUS_COUNT] = {"\033[32m", "\033[33m", "\033[1;31m"};

    printf("%s%-8s%s %-12s %s\n", colour ? colours[status] : "", host_status_name(status),
           colour ? "\033[0m" : "", name, detail);
    if (*advice)
        printf("%-21s -> %s\n", "", advice);
}

/* --- the host --- */

static json_t *finding_json(enum host_check check, const struct host_finding *finding)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "name", host_check_name(check), "status",
                     host_status_name(finding->status), "detail", finding->detail, "advice", finding->advice);
}

static json_t *host_json(const struct host_finding *findings, bool ok)
{
    json_t *checks = json_array();

    for (int i = 0; i < HOST_CHECK_COUNT; i++)
        json_array_append_new(checks, finding_json((enum host_check)i, &findings[i]));
    return json_pack("{s:b, s:o}", "ok", ok, "checks", checks);
}

static int doctor_host(bool json)
{
    static struct host_finding findings[HOST_CHECK_COUNT];
    cleanup_free char *state = NULL;
    bool ok = true;

    if (journal_folder(&state))
        state = NULL;
    host_examine(state, findings);
    for (int i = 0; i < HOST_CHECK_COUNT; i++)
        ok &= findings[i].status != HOST_FAIL;
    int status = ok ? EXIT_PASS : EXIT_REFUTED;
    if (json)
        return print_json(host_json(findings, ok), status);
    for (int i = 0; i < HOST_CHECK_COUNT; i++)
        print_line(findings[i].status, host_check_name((enum host_check)i), findings[i].detail,
                   findings[i].advice);
    return status;
}

/* --- a program --- */

static json_t *entry_json(const struct entry *entry, bool enterable)
{
    return json_pack("{s:b, s:s, s:s, s:s, s:i, s:s}", "enterable", enterable, "verdict",
                     entry_name(entry->verdict), "way", way_in_name(way_in_of(entry, INJECT_AUTO)), "program",
                     entry->program, "scripts", (int)entry->scripts, "reason", entry->reason);
}

static void print_entry(const struct entry *entry)
{
    enum inject way = way_in_of(entry, INJECT_AUTO);

    print_line(way == INJECT_NONE ? HOST_FAIL : HOST_OK, entry_name(entry->verdict), entry->reason, "");
    if (way != INJECT_NONE)
        print_line(HOST_OK, "inject", way_in_name(way), "");
}

static int doctor_program(const char *operand, bool json)
{
    static struct entry entry;
    cleanup_free char *path = NULL;

    /* What cannot be found or executed is a verdict too. */
    int status = process_find(operand, NULL, &path);
    status = entry_examine(path ? path : operand, &entry);
    if (status < 0)
        return fail(operand, status);
    bool can = way_in_of(&entry, INJECT_AUTO) != INJECT_NONE;
    status = can ? EXIT_PASS : EXIT_REFUTED;
    if (json)
        return print_json(entry_json(&entry, can), status);
    if (entry.scripts)
        printf("%s is a script; it is run by %s\n", operand, entry.program);
    else
        puts(entry.program);
    print_entry(&entry);
    return status;
}

/* --- a process --- */

/* What stands in the way now.  NULL: it is in. */
static const char *obstacle(const struct entry_process *process)
{
    if (!process->same_user)
        return "it runs as another user: only that user's chaosctl can share a control area with it";
    if (process->secure)
        return "its loader ignored LD_PRELOAD (AT_SECURE): it was started with privileges that its parent "
               "had not";
    if (process->entry.verdict == ENTRY_PRELOAD && process->shim)
        return NULL;
    if (way_in_of(&process->entry, INJECT_AUTO) == INJECT_SECCOMP)
        return "a filter of seccomp's cannot be put over a process that runs: let chaosctl start it (exec, "
               "or `run` "
               "of a service)";
    if (process->entry.verdict != ENTRY_PRELOAD)
        return NULL;
    return "the shim is not in it, and cannot be added to a process that runs: start it again with the "
           "variables "
           "that `chaosctl env` prints";
}

static const char *seccomp_text(int mode)
{
    static const char *const texts[] = {"no filter", "strict mode: the shim cannot work",
                                        "a filter is in force"};

    return mode >= 0 && mode < 3 ? texts[mode] : "not known";
}

static int print_process(const struct entry_process *process, enum host_status status, const char *why)
{
    puts(process->entry.program);
    print_entry(&process->entry);
    print_line(status, "now", process->shim ? "the shim is in it" : "the shim is not in it", why ? why : "");
    print_line(process->seccomp == 1 ? HOST_FAIL : HOST_OK, "seccomp", seccomp_text(process->seccomp), "");
    return status == HOST_FAIL ? EXIT_REFUTED : EXIT_PASS;
}

static json_t *process_json(const struct entry_process *process, bool can, const char *why)
{
    json_t *json = entry_json(&process->entry, can);

    json_object_set_new(json, "shim", json_boolean(process->shim));
    json_object_set_new(json, "same_user", json_boolean(process->same_user));
    json_object_set_new(json, "secure", json_boolean(process->secure));
    json_object_set_new(json, "seccomp", json_integer(process->seccomp));
    json_object_set_new(json, "obstacle", why ? json_string(why) : json_null());
    return json;
}

static int doctor_process(const char *operand, pid_t pid, bool json)
{
    static struct entry_process process;
    int error = entry_examine_pid(pid, &process);

    if (error < 0)
        return fail(operand, error);
    const char *why = obstacle(&process);
    bool can = process.entry.verdict == ENTRY_PRELOAD && process.same_user && !process.secure &&
               process.seccomp != 1;
    enum host_status status = !can ? HOST_FAIL : process.shim ? HOST_OK : HOST_LIMITED;
    if (json)
        return print_json(process_json(&process, can, why), can ? EXIT_PASS : EXIT_REFUTED);
    return print_process(&process, status, why);
}

/* --- cleaning up --- */

static void print_leftover(void *arg, const struct leftover *l)
{
    size_t *count = arg;

    ++*count;
    if (l->service)
        printf("%s: service %s (process %d): %s\n", l->run, l->service, (int)l->pid,
               l->error ? "does not end" : "ended");
    else
        printf("%s: folder: %s\n", l->run, l->error ? strerror(-l->error) : "removed");
}

static int doctor_clean(void)
{
    size_t count = 0;
    int error = leftover_clean(print_leftover, &count);

    if (error)
        return fail("--clean", error);
    if (!count)
        puts("nothing to clean up");
    return EXIT_PASS;
}

static int doctor(const char *operand, bool json)
{
    uint64_t pid;

    if (!operand)
        return doctor_host(json);
    if (!unit_parse_count(operand, &pid))
        return doctor_process(operand, pid > INT32_MAX ? INT32_MAX : (pid_t)pid, json);
    return doctor_program(operand, json);
}

static int run_command(int argc, char **argv)
{
    bool json = false, clean = false;
    struct options o = options_of(&command_doctor, argc, argv);

    for (int id; (id = option_next(&o)) > 0;) {
        json |= id == OPTION_JSON;
        clean |= id == OPTION_CLEAN;
    }
    if (o.done)
        return o.status;
    if (o.operand_count > 1)
        return usage_error(&command_doctor, "one PROGRAM or PID at a time");
    if (clean && (json || o.operand_count))
        return usage_error(&command_doctor, "--clean stands alone");
    return clean ? doctor_clean() : doctor(o.operand_count ? o.operands[0] : NULL, json);
}

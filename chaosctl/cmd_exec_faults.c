/* The faults of `chaosctl exec`.  Floor 5. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/cmd_exec.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/way_in.h"
#include "chaosctl/run/way_name.h"
#include "chaosctl/scenario/limits.h"

#define COMMAND_NAME "command" /* as a service: what `in` of kill and pause means here */
#define TREE_MAX     PAUSE_MAX

/* It, and what it started. */
static size_t tree_of(const struct exec *exec, pid_t pids[static TREE_MAX])
{
    pids[0] = exec->pid;
    return 1 + process_descendants(exec->pid, pids + 1, TREE_MAX - 1);
}

/* --- from the command line --- */

/* `in` goes without saying: there is but one process to kill or pause. */
static char *complete_spec(const char *spec)
{
    struct buf text = {0};
    char kind[32];

    snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(spec, ":"), spec);
    enum fault_kind found = fault_find(kind);
    buf_add(&text, spec);
    if (found != FAULT_COUNT && fault_way(found) == WAY_PROCESS && !strstr(spec, "in="))
        buf_printf(&text, "%sin=" COMMAND_NAME, strchr(spec, ':') ? "," : ":");
    return buf_steal(&text);
}

/* A file would be named by its lines; of several SPECs each is named by itself. */
static void explain(const char *spec, const struct diag *diag, struct buf *ret_text)
{
    struct position at;
    const char *message;

    for (size_t i = 0; (message = diag_message(diag, i, &at)); i++) {
        buf_add(ret_text, "chaosctl exec: --fault \"");
        for (const char *p = spec; *p; p++)
            buf_add_n(ret_text, (unsigned char)*p < ' ' || *p == 127 ? "?" : p, 1);
        buf_add(ret_text, "\"");
        if (at.line)
            buf_printf(ret_text, " at %d", at.column);
        buf_printf(ret_text, ": %s\n", message);
    }
}

/* Without a `for` it lasts as long as the command. */
static int refuse_beyond(const struct scenario *s, const struct fault *fault, struct diag *diag)
{
    cleanup_buf struct buf why = {0};

    if (!limits_refuse_fault(s, fault, fault->for_ns, &why))
        return 0;
    diag_error(diag, (struct position){0}, "limits: it %s", buf_text(&why));
    return -EINVAL;
}

static bool refuse_now(const struct scenario *s, size_t processes, struct buf *why)
{
    return limits_refuse_time(s, time(NULL), why) || limits_refuse_processes(s, processes, why);
}

/* A command that asks for no fault is nobody's concern. */
static int read_limits(struct exec *exec, struct buf *ret_text)
{
    struct diag *diag = exec->specs_count ? diag_new("chaosctl exec") : NULL;
    cleanup_buf struct buf why = {0};
    int error = 0;

    if (!exec->specs_count)
        return 0;
    error = diag ? limits_load_host(exec->scenario, diag) : -ENOMEM;
    if (!error &&
        (refuse_now(exec->scenario, 1, &why) || limits_refuse_user(exec->scenario, getuid(), &why))) {
        diag_error(diag, (struct position){0}, "limits: %s", buf_text(&why));
        error = -EINVAL;
    }
    if (error == -EINVAL)
        diag_render(diag, ret_text);
    diag_free(diag);
    return error;
}

bool exec_exceeds(const struct exec *exec, struct buf *why)
{
    pid_t pids[TREE_MAX];

    return exec->scenario->limits_count && refuse_now(exec->scenario, tree_of(exec, pids), why);
}

static int add_fault(struct exec *exec, const char *spec, struct buf *ret_text)
{
    cleanup_free char *whole = complete_spec(spec);
    struct plan *plan = &exec->plans[exec->plans_count];
    struct diag *diag = diag_new(spec);

    *plan = (struct plan){.exec = exec, .rule = -1, .guard = -1};
    int error = whole && diag ? scenario_add_fault(exec->scenario, whole, diag, &plan->fault) : -ENOMEM;
    if (!error)
        error = refuse_beyond(exec->scenario, &plan->fault, diag);
    if (!error)
        exec->plans_count++;
    else if (diag)
        explain(spec, diag, ret_text);
    diag_free(diag);
    return error;
}

int exec_read_faults(struct exec *exec, struct buf *ret_text)
{

    exec->scenario = scenario_empty();
    int error = exec->scenario ? read_limits(exec, ret_text) : -ENOMEM;
    if (error)
        return error;
    exec->service = (struct service){.name = COMMAND_NAME, .argv = exec->argv};
    exec->scenario->services = &exec->service;
    exec->scenario->services_count = 1;
    for (size_t i = 0; i < exec->specs_count && error != -ENOMEM; i++) {
        int one = add_fault(exec, exec->specs[i], ret_text);
        error = one ? one : error;
    }
    return error;
}

/* --- how the command is entered --- */

static int check_ways(const struct exec *exec, struct buf *ret_text)
{
    const struct service *service;
    int error = 0;

    for (size_t i = 0; i < exec->plans_count; i++) {
        const char *why = way_in_obstacle(exec->scenario, &exec->plans[i].fault, &service);
        if (!why)
            continue;
        buf_printf(ret_text,
                   "chaosctl exec: --fault \"%s\" cannot be had in %s, which is entered by seccomp: %s\n",
                   exec->specs[i], exec->argv[0], why);
        error = -EINVAL;
    }
    return error;
}

/* What cannot be entered is run all the same, as if it were alone, and said to be: unless the way was chosen.
 */
int exec_find_way(struct exec *exec, struct buf *ret_text)
{
    cleanup_free char *path = NULL;
    static struct entry entry;

    exec->service.way = INJECT_PRELOAD;
    if (process_find(exec->argv[0], NULL, &path) || entry_examine(path, &entry))
        return 0;
    enum inject way = way_in_of(&entry, exec->inject);
    if (way == INJECT_NONE && exec->inject != INJECT_AUTO) {
        buf_printf(ret_text, "chaosctl exec: %s cannot be entered by %s: %s\n", exec->argv[0],
                   way_in_name(exec->inject), entry.reason);
        return -EINVAL;
    }
    if (way != INJECT_SECCOMP || !exec->plans_count)
        return 0;
    exec->service.way = way;
    exec->service.preloads = way_in_preloads(&entry, exec->inject);
    int error = way_name_resolve(exec->scenario);
    return error ? error : check_ways(exec, ret_text);
}

/* --- carried out from outside --- */

/* Connections that are there when the fault begins: the shim would wait for their next call. */
static void reset_now(struct plan *plan)
{
    pid_t pids[TREE_MAX];
    struct exec *exec = plan->exec;
    size_t n = tree_of(exec, pids);
    size_t done = control_reset(exec->control, exec->scenario, plan->fault.targets,
                                control_direction(&plan->fault), pids, n);

    control_count(exec->control, (uint32_t)plan->rule, done);
}

static void pause_now(struct plan *plan)
{
    pid_t pids[TREE_MAX];
    struct exec *exec = plan->exec;
    size_t n = tree_of(exec, pids);

    if (!pause_begin(exec->loop, pids, n, &control_table(exec->control)->lease_ns, &plan->guard))
        plan->hits++;
}

static void begin(void *arg)
{
    struct plan *plan = arg;

    if (plan->rule >= 0)
        reset_now(plan);
    else if (plan->fault.kind == FAULT_pause)
        pause_now(plan);
    else if (!kill(plan->exec->pid, plan->fault.signal))
        plan->hits++;
}

static void end(void *arg)
{
    struct plan *plan = arg;

    pause_end(&plan->guard);
}

/* --- armed --- */

/* At its very start a command has no connections yet; what it inherited is ours to leave alone. */
static bool begins_from_outside(const struct fault *f)
{
    if (fault_way(f->kind) == WAY_PROCESS)
        return true;
    return f->start_ns && control_resets(f);
}

static void plan_times(struct plan *plan, uint64_t now_ns)
{
    const struct fault *f = &plan->fault;

    plan->begin = (struct timer){.fn = begin, .arg = plan};
    plan->end = (struct timer){.fn = end, .arg = plan};
    if (begins_from_outside(f))
        loop_set_timer(plan->exec->loop, &plan->begin, now_ns + f->start_ns);
    if (f->kind == FAULT_pause && f->for_ns != RULE_ENDLESS)
        loop_set_timer(plan->exec->loop, &plan->end, now_ns + f->start_ns + f->for_ns);
}

int exec_arm(struct exec *exec)
{
    uint64_t now = now_mono_ns();
    struct rule rule;

    for (size_t i = 0; i < exec->plans_count; i++) {
        struct plan *plan = &exec->plans[i];
        plan_times(plan, now);
        if (fault_way(plan->fault.kind) != WAY_SHIM)
            continue;
        control_rule(&plan->fault, (uint32_t)i, exec->has_seed ? exec->seed : exec->scenario->seed, now,
                     &rule);
        if (control_needs_relay(&plan->fault))
            control_relay(exec->control, plan->fault.targets);
        plan->rule = control_arm(exec->control, &rule, plan->fault.reply);
        if (plan->rule < 0)
            return plan->rule;
    }
    control_renew(exec->control, exec->lease_ns);
    return 0;
}

void exec_resume(struct exec *exec)
{
    for (size_t i = 0; i < exec->plans_count; i++)
        pause_end(&exec->plans[i].guard);
}

void exec_halt(struct exec *exec)
{
    control_expire(exec->control);
    for (size_t i = 0; i < exec->plans_count; i++) {
        loop_unset_timer(exec->loop, &exec->plans[i].begin);
        loop_unset_timer(exec->loop, &exec->plans[i].end);
    }
    exec_resume(exec);
    exec->halted = true;
}

/* chaosctl exec: one command under faults, no file needed.  Floor 5.
 *
 * The command keeps its terminal, its group and its streams; all that we ever print goes to standard error.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/cmd_exec.h"
#include "chaosctl/command.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/halt.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/way_in.h"

#define COMMAND_INDEX 0
#define LEASE_MIN_NS  (10 * NS_PER_MS)
#define LEASE_MAX_NS  (3600 * NS_PER_S) /* the shim believes no longer one */
#define NOT_FOUND     127               /* as env(1) */
#define NOT_RUNNABLE  126

enum { OPTION_FAULT = 1, OPTION_SEED, OPTION_LEASE, OPTION_QUIET, OPTION_URING, OPTION_INJECT };

static const struct option_row rows[] = {
    {OPTION_FAULT, 'f', "fault", "SPEC", "a fault, kind:key=value,...; may be given again"},
    {OPTION_SEED, 's', "seed", "N", "every random decision follows from it"},
    {OPTION_LEASE, 'l', "lease", "TIME", "no fault outlives chaosctl by more than this (5s)"},
    {OPTION_INJECT, 'i', "inject", "WAY", "how faults enter it: auto (unless given), preload or seccomp"},
    {OPTION_URING, 'u', "allow-io-uring", NULL, "let COMMAND use io_uring, where no fault could meet it"},
    {OPTION_QUIET, 'q', "quiet", NULL, "do not tell on standard error what the faults hit"},
    {0},
};

static int exec_run(int argc, char **argv);

const struct command command_exec = {
    .name = "exec",
    .operands = "[--] COMMAND [ARGUMENT]...",
    .summary = "Run one command under faults and exit as it does",
    .details = "  chaosctl exec --fault refuse:target=127.0.0.1:6379 -- redis-cli ping\n"
               "  chaosctl exec -f oom:probability=1% --seed 7 -- make test\n"
               "  chaosctl exec -f pause:start=2s,for=1s -- ./server\n\n"
               "What each fault hit is told on standard error.  Exit status: the command's own; 128+N when "
               "signal N\n"
               "ended it; 125 when chaosctl itself failed, 126 when COMMAND cannot be executed, 127 when "
               "there is none.",
    .options = rows,
    .takes_command = true,
    .run = exec_run,
};

/* --- the command line --- */

static int take_way(struct exec *exec, const char *value)
{
    static const enum inject ways[] = {INJECT_AUTO, INJECT_PRELOAD, INJECT_SECCOMP};

    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
        if (!strcmp(value, way_in_name(ways[i]))) {
            exec->inject = ways[i];
            return 0;
        }
    return usage_error(&command_exec, "--inject: \"%s\" is no way in; there are auto, preload and seccomp",
                       value);
}

static int take_option(struct exec *exec, int id, const char *value)
{
    switch (id) {
    case OPTION_FAULT:
        if (!strcmp(value, "--"))
            return usage_error(&command_exec, "-f needs a SPEC, such as refuse:target=127.0.0.1:6379");
        if (exec->specs_count == EXEC_FAULT_MAX)
            return usage_error(&command_exec, "more than %d faults", EXEC_FAULT_MAX);
        exec->specs[exec->specs_count++] = value;
        break;
    case OPTION_SEED:
        exec->has_seed = true;
        if (unit_parse_count(value, &exec->seed))
            return usage_error(&command_exec, "--seed: \"%s\" is not a whole number", value);
        break;
    case OPTION_LEASE:
        if (unit_parse_duration(value, &exec->lease_ns) || exec->lease_ns < LEASE_MIN_NS ||
            exec->lease_ns > LEASE_MAX_NS)
            return usage_error(&command_exec, "--lease: \"%s\" is not a time of 10ms to 1h, such as 5s",
                               value);
        break;
    case OPTION_INJECT: return take_way(exec, value);
    case OPTION_QUIET: exec->quiet = true; break;
    case OPTION_URING: exec->allows_uring = true; break;
    }
    return 0;
}

/* True when there is a command to run; otherwise *ret_code is the exit code. */
static bool take_arguments(struct exec *exec, int argc, char **argv, int *ret_code)
{
    struct options o = options_of(&command_exec, argc, argv);

    *ret_code = EXIT_EXEC;
    for (int id; (id = option_next(&o)) > 0;)
        if (take_option(exec, id, o.value)) {
            free(o.table);
            return false;
        }
    if (o.done) {
        *ret_code = o.status ? EXIT_EXEC : EXIT_PASS;
        return false;
    }
    if (!o.operand_count) {
        usage_error(&command_exec, "there is no command to run");
        return false;
    }
    exec->argv = o.operands;
    return true;
}

/* --- while it runs --- */

/* One command's hits are counted in the rules; the records tell a journal more, and here nobody keeps one. */
static void ignore_record(void *arg, const struct record *record)
{
    (void)arg;
    (void)record;
}

static void note_entered(struct exec *exec)
{
    pid_t one;

    exec->entered = exec->entered || control_members(exec->control, -1, &one, 1);
}

/* Behind each renewal too: whoever halts ends the lease before he looks at who renews it. */
static void heed_halt(struct exec *exec)
{
    const char *file = exec->halted ? NULL : halt_in_force(exec->halt);

    if (!file)
        return;
    exec_halt(exec);
    if (!exec->quiet)
        fprintf(stderr, "chaosctl exec: halted by %s: the command goes on without faults\n", file);
}

static void heed_limits(struct exec *exec)
{
    cleanup_buf struct buf why = {0};

    if (exec->halted || !exec_exceeds(exec, &why))
        return;
    exec_halt(exec);
    if (!exec->quiet)
        fprintf(stderr, "chaosctl exec: limits: %s: the command goes on without faults\n", buf_text(&why));
}

static void look(void *arg)
{
    struct exec *exec = arg;

    heed_halt(exec);
    if (!exec->halted)
        loop_set_timer(exec->loop, &exec->look, now_mono_ns() + HALT_LOOK_NS);
}

static void tick(void *arg)
{
    struct exec *exec = arg;

    if (!exec->halted)
        control_renew(exec->control, exec->lease_ns);
    heed_halt(exec);
    heed_limits(exec);
    control_drain(exec->control, ignore_record, NULL);
    note_entered(exec);
    control_sweep(exec->control);
    loop_set_timer(exec->loop, &exec->tick, now_mono_ns() + exec->lease_ns / 10);
}

static void ended(void *arg, pid_t pid, int status)
{
    struct exec *exec = arg;

    (void)pid;
    exec->status = status;
    loop_stop(exec->loop);
}

static bool asks_to_end(int signal)
{
    return signal == SIGTERM || signal == SIGHUP || signal == SIGINT;
}

/* What the terminal sends, it sends to the command as well.  A paused command cannot answer, so its pause
 * ends; one that somebody else stopped is continued if it is to end. */
static void on_signal(void *arg, int signal)
{
    struct exec *exec = arg;

    exec_resume(exec);
    if (!loop_signal_was_sent(exec->loop))
        return;
    kill(exec->pid, signal);
    if (asks_to_end(signal))
        kill(exec->pid, SIGCONT);
}

static int watch_signals(struct exec *exec)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        int error = loop_add_signal(exec->loop, signals[i], on_signal, exec);
        if (error)
            return error;
    }
    return 0;
}

/* --- from start to end --- */

static int failed(int error, const char *what)
{
    cleanup_buf struct buf why = {0};

    control_explain(error, &why);
    fprintf(stderr, "chaosctl exec: %s: %s\n", what, buf_text(&why));
    return EXIT_EXEC;
}

static int not_started(const struct exec *exec, int error)
{
    fprintf(stderr, "chaosctl exec: %s: %s\n", exec->argv[0], process_error(error));
    switch (error) {
    case -ENOENT: return NOT_FOUND;
    case -ENOMEM:
    case -EAGAIN:
    case -EMFILE:
    case -ENFILE: return EXIT_EXEC;
    default: return NOT_RUNNABLE;
    }
}

/* Every line on its own: what could not land must not be passed over. */
static void tell_fault(const struct exec *exec, const struct plan *plan)
{
    const struct table *table = control_table(exec->control);
    uint64_t hits = plan->hits, skipped = 0, unseen = 0;

    if (plan->rule >= 0) {
        hits += atomic_load(&table->rules[plan->rule].hits);
        skipped = atomic_load(&table->rules[plan->rule].skipped);
        unseen = atomic_load(&table->rules[plan->rule].unseen);
    }
    fprintf(stderr, "chaosctl: %s: ", plan->fault.text);
    if (hits)
        fprintf(stderr, "%llu hit%s", (unsigned long long)hits, hits == 1 ? "" : "s");
    else
        fputs("no hit", stderr);
    if (skipped)
        fprintf(stderr, ", %llu could not land", (unsigned long long)skipped);
    if (unseen)
        fprintf(stderr, ", request cannot be matched: %llu connection%s TLS", (unsigned long long)unseen,
                unseen == 1 ? " is" : "s are");
    fputc('\n', stderr);
}

static void tell_why_not_entered(const struct exec *exec)
{
    cleanup_free char *path = NULL;
    struct entry entry = {0};

    if (process_find(exec->argv[0], NULL, &path) || entry_examine(path, &entry) ||
        entry.verdict == ENTRY_PRELOAD)
        snprintf(entry.reason, sizeof(entry.reason), "it never loaded libchaosctl.so");
    fprintf(stderr, "chaosctl: no fault could land in %s: %s\n", exec->argv[0], entry.reason);
}

static void tell(struct exec *exec)
{
    bool asked = false;

    for (size_t i = 0; i < exec->plans_count; i++) {
        tell_fault(exec, &exec->plans[i]);
        asked = asked || exec->plans[i].rule >= 0;
    }
    note_entered(exec);
    if (asked && !exec->entered && exec->service.way != INJECT_SECCOMP)
        tell_why_not_entered(exec);
}

static void supervisor_died(void *arg)
{
    struct exec *exec = arg;

    if (!exec->quiet)
        fputs("chaosctl: the supervisor was killed, and its connections were cut; another one is there\n",
              stderr);
}

/* Is there a fault that a ring would pass by?  The filter costs each system call of the command some 30 ns.
 */
static bool meets_sockets(const struct exec *exec)
{
    call_set sockets = call_with_roles(1u << ROLE_OPEN | 1u << ROLE_ACCEPT | 1u << ROLE_SEND |
                                       1u << ROLE_RECEIVE | 1u << ROLE_READY);

    for (size_t i = 0; i < exec->plans_count; i++) {
        int rule = exec->plans[i].rule;
        if (rule >= 0 && control_table(exec->control)->rules[rule].calls & sockets)
            return true;
    }
    return false;
}

/* By seccomp, where it cannot see the shim. */
static int enter(struct exec *exec, struct spawn *spawn)
{
    if (exec->service.way != INJECT_SECCOMP)
        return 0;
    if (!exec->service.preloads)
        spawn->env_count = 0;
    spawn->service = COMMAND_INDEX;
    return control_supervise(exec->control, exec->loop, supervisor_died, exec, &spawn->supervisor);
}

static int start(struct exec *exec, const sigset_t *mask)
{
    struct pair env[CONTROL_ENV];
    struct spawn spawn = {
        .argv = exec->argv, .env = env, .env_count = CONTROL_ENV, .foreground = true, .mask = mask};
    int error = control_env(exec->control, COMMAND_INDEX, env);

    if (!error)
        error = enter(exec, &spawn);
    if (error)
        return failed(error, "cannot enter a command");
    error = exec_arm(exec);
    if (error)
        return failed(error, "cannot arm the faults");
    spawn.refuses_uring = !exec->allows_uring && meets_sockets(exec);
    exec->pid = process_start(&spawn);
    if (exec->pid < 0)
        return not_started(exec, exec->pid);
    error = loop_add_child(exec->loop, exec->pid, ended, exec);
    return error ? failed(error, "cannot watch the command") : 0;
}

static int exit_code_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_command(struct exec *exec, const sigset_t *mask)
{
    int code = start(exec, mask);

    if (code)
        return code;
    exec->tick = (struct timer){.fn = tick, .arg = exec};
    loop_set_timer(exec->loop, &exec->tick, now_mono_ns() + exec->lease_ns / 10);
    exec->look = (struct timer){.fn = look, .arg = exec};
    if (exec->plans_count)
        loop_set_timer(exec->loop, &exec->look, now_mono_ns());
    int error = loop_run(exec->loop);
    control_expire(exec->control);
    exec_resume(exec);
    if (error)
        return failed(error, "cannot wait");
    if (!exec->quiet)
        tell(exec);
    return exit_code_of(exec->status);
}

/* A command that asks for no fault is nobody's concern. */
static bool is_halted(struct exec *exec)
{
    exec->halt = halt_path();
    const char *file = exec->plans_count ? halt_in_force(exec->halt) : NULL;

    if (file)
        fprintf(stderr, "chaosctl exec: halted by %s: nothing is injected until `chaosctl resume`\n", file);
    return file;
}

static int set_up_and_run(struct exec *exec)
{
    cleanup_buf struct buf wrong = {0};
    sigset_t mask;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    int error = exec_read_faults(exec, &wrong);
    if (error)
        fputs(buf_text(&wrong), stderr);
    if (!error) {
        error = exec_find_way(exec, &wrong);
        fputs(buf_text(&wrong), stderr);
    }
    if (error)
        return error == -ENOMEM ? failed(error, "cannot read the faults") : EXIT_EXEC;
    if (is_halted(exec))
        return EXIT_EXEC;
    if (!exec->lease_ns)
        exec->lease_ns = exec->scenario->lease_ns;
    error = control_new(&exec->control);
    if (!error)
        error = control_fresh(exec->control, exec->scenario, 0);
    if (error)
        return failed(error, "cannot make the run's folder");
    error = loop_new(&exec->loop);
    if (!error)
        error = watch_signals(exec);
    return error ? failed(error, "cannot start") : run_command(exec, &mask);
}

static int exec_run(int argc, char **argv)
{
    struct exec *exec = calloc(1, sizeof(*exec));
    int code = EXIT_EXEC;

    if (exec && take_arguments(exec, argc, argv, &code))
        code = set_up_and_run(exec);
    if (!exec)
        return code;
    control_free(exec->control, false);
    loop_free(exec->loop);
    scenario_free(exec->scenario);
    free(exec->halt);
    free(exec);
    return code;
}

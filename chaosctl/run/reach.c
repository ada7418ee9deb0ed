/* Looking for processes that never shook hands.  Floor 3. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/internal.h"
#include "chaosctl/run/reach.h"
#include "chaosctl/run/way_in.h"

#define LOOKS    20
#define PAUSE_NS (5 * NS_PER_MS)

static const char *who_is(struct run *run, pid_t pid)
{
    char path[64], name[64] = "?";
    cleanup_file FILE *file = NULL;

    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    file = fopen(path, "re");
    if (file && fgets(name, sizeof(name), file))
        name[strcspn(name, "\n")] = '\0';
    return run_text(run, "%s, pid %d", name, (int)pid);
}

static bool is_out(struct run *run, pid_t pid)
{
    bool is_in = control_is_mapped_by(run->control, pid) && !control_is_retired(run->control, pid);

    return !is_in && process_birth(pid);
}

static bool stays_out(struct run *run, pid_t pid)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};

    for (int i = 0; i < LOOKS; i++) {
        if (!is_out(run, pid))
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static const char *why_out(struct run *run, pid_t pid)
{
    struct entry_process process;

    if (control_is_retired(run->control, pid))
        return "it confined itself by seccomp, to which the shim's own questions would be unknown calls: no "
               "fault "
               "strikes it any more";
    int error = entry_examine_pid(pid, &process);
    if (error == -EACCES || error == -EPERM)
        return "it gained privileges (setuid?), so its loader ignored LD_PRELOAD";
    if (error)
        return "it cannot be looked at";
    if (way_in_of(&process.entry, INJECT_AUTO) == INJECT_SECCOMP)
        return run_text(run, "it is %s: say `inject: seccomp` of the service", process.entry.reason);
    if (process.entry.verdict != ENTRY_PRELOAD)
        return run_text(run, "it is %s", process.entry.reason);
    if (process.secure)
        return "it gained privileges, so its loader ignores LD_PRELOAD";
    if (process.shim)
        return "it took the shim in, but not this run's control area (another user, or an environment of its "
               "own?)";
    return "it never took the shim in (does something clear its environment?)";
}

static const char *service_missing(struct run *run, size_t service, bool is_last)
{
    const char *name = run->scenario->services[service].name;
    pid_t pids[PIDS_MAX];
    size_t count = services_pids(run->services, service, pids, PIDS_MAX);

    for (size_t i = 0; i < count; i++)
        if (is_last ? stays_out(run, pids[i]) : is_out(run, pids[i]))
            return run_text(run, "service %s: %s is out of reach: %s", name, who_is(run, pids[i]),
                            why_out(run, pids[i]));
    return count || is_last ? NULL : run_text(run, "service %s has no process", name);
}

/* Nobody leaves a filter of seccomp's: all that such a service starts are under it. */
static bool is_preloaded(const struct service *service)
{
    return service->inject != INJECT_NONE && service->way != INJECT_SECCOMP;
}

const char *reach_missing(struct run *run, bool is_last)
{
    const char *why = NULL;

    for (size_t i = 0; run->services && i < run->scenario->services_count && !why; i++)
        if (is_preloaded(&run->scenario->services[i]))
            why = service_missing(run, i, is_last);
    return why;
}

/* Preload where the shim is seen, seccomp elsewhere.  Floor 3. */
#include <errno.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/way_in.h"
#include "chaosctl/run/way_name.h"

/* --- programs --- */

/* The filter is written for this machine's own calls; and whoever gains privileges would gain none under it.
 */
static bool can_be_supervised(enum entry_verdict verdict)
{
    switch (verdict) {
    case ENTRY_PRELOAD:
    case ENTRY_STATIC:
    case ENTRY_GO:
    case ENTRY_MUSL:
    case ENTRY_SANITIZER: return true;
    case ENTRY_SETUID:
    case ENTRY_CAPABILITIES:
    case ENTRY_OTHER_CLASS:
    case ENTRY_OTHER_MACHINE:
    case ENTRY_NOT_EXECUTABLE:
    case ENTRY_NOT_A_PROGRAM:
    case ENTRY_MISSING:
    case ENTRY_COUNT: break;
    }
    return false;
}

enum inject way_in_of(const struct entry *entry, enum inject wanted)
{
    if (wanted == INJECT_NONE)
        return INJECT_NONE;
    if (wanted != INJECT_SECCOMP && entry->verdict == ENTRY_PRELOAD)
        return INJECT_PRELOAD;
    /* Its library may come first: whoever says so has seen to that. */
    if (wanted == INJECT_PRELOAD && entry->verdict == ENTRY_SANITIZER)
        return INJECT_PRELOAD;
    return wanted != INJECT_PRELOAD && can_be_supervised(entry->verdict) ? INJECT_SECCOMP : INJECT_NONE;
}

bool way_in_preloads(const struct entry *entry, enum inject wanted)
{
    return wanted != INJECT_SECCOMP && entry->verdict != ENTRY_MUSL && entry->verdict != ENTRY_SANITIZER;
}

const char *way_in_name(enum inject way)
{
    static const char *const names[] = {
        [INJECT_AUTO] = "auto",
        [INJECT_PRELOAD] = "preload",
        [INJECT_SECCOMP] = "seccomp",
        [INJECT_NONE] = "none",
    };

    return names[way];
}

/* --- faults --- */

static bool is_of_connect(const struct fault *f)
{
    return (f->kind == FAULT_error || f->kind == FAULT_delay) && f->call == CALL_connect;
}

/* By what the fault does, whomever it strikes. */
static const char *obstacle_of_kind(const struct fault *f)
{
    if (f->kind == FAULT_delay && f->call == CALL_connect && !f->targets)
        return "a connect that is delayed is led through the relay: name its target";
    if (fault_way(f->kind) == WAY_PROCESS || is_of_connect(f))
        return NULL;
    if (f->kind == FAULT_oom)
        return "memory is allocated inside the program, where seccomp sees nothing";
    if (f->kind == FAULT_dns)
        return "names are looked up inside the program, where seccomp sees nothing";
    if (f->kind == FAULT_error || f->kind == FAULT_delay)
        return "of its calls only connect is seen";
    if (f->kind == FAULT_loss || f->kind == FAULT_duplicate || f->kind == FAULT_reorder)
        return "datagrams do not pass through the relay";
    if (f->kind == FAULT_drop_response || f->kind == FAULT_respond)
        return "the relay answers for nobody, and keeps no answer back";
    if (control_direction(f) == DIRECTION_INBOUND)
        return "connections that it accepts do not pass through the relay";
    return NULL;
}

static const char unresolved[] =
    "its name does not resolve here, and what it leads to inside a program is seen "
    "by the shim alone: say the address";

struct kinds {
    bool udp, local;
};

static struct kinds kinds_of(const struct dependency *d)
{
    struct kinds k = {0};

    for (size_t i = 0; i < d->targets_count; i++) {
        const struct target *t = &d->targets[i];
        k.local |= t->kind == TARGET_UNIX;
        k.udp |= t->kind != TARGET_UNIX && t->protocol == PROTOCOL_UDP;
    }
    return k;
}

static const char *obstacle_of_target(const struct fault *f, const struct dependency *d)
{
    struct kinds k = kinds_of(d);

    if (way_name_is_all(d))
        return unresolved;
    if (k.udp)
        return "datagrams do not pass through the relay";
    return k.local && f->kind == FAULT_delay ? "connecting to a unix socket takes no time" : NULL;
}

static const char *obstacle_of(const struct scenario *s, const struct fault *f)
{
    const char *why = obstacle_of_kind(f);

    for (size_t d = 0; !why && fault_way(f->kind) == WAY_SHIM && d < s->dependencies_count; d++)
        if (f->targets & 1u << d)
            why = obstacle_of_target(f, &s->dependencies[d]);
    return why;
}

const char *way_in_obstacle(const struct scenario *s, const struct fault *f,
                            const struct service **ret_service)
{
    for (size_t i = 0; i < s->services_count; i++) {
        bool is_meant = f->service < 0 || (size_t)f->service == i;
        const char *why = is_meant && s->services[i].way == INJECT_SECCOMP ? obstacle_of(s, f) : NULL;
        if (!why)
            continue;
        *ret_service = &s->services[i];
        return why;
    }
    return NULL;
}

/* strict: names were looked up. */
static void check_faults(const struct scenario *s, bool strict, struct diag *diag)
{
    const struct service *service;

    for (size_t c = 0; c < s->cells_count; c++)
        for (size_t i = 0; i < s->cells[c].faults_count; i++) {
            const struct fault *f = &s->cells[c].faults[i];
            const char *why = way_in_obstacle(s, f, &service);
            if (why && (strict || why != unresolved))
                diag_error(diag, f->at, "%s cannot be had in service %s, which is entered by seccomp: %s%s",
                           fault_name(f->kind), service->name, why,
                           f->service < 0 && s->services_count > 1
                               ? " (`in: SERVICE` means one of the others alone)"
                               : "");
        }
}

/* --- services --- */

static void settle_one(struct scenario *scenario, struct service *service, bool strict, struct diag *diag)
{
    cleanup_free char *path = NULL;
    static struct entry entry;
    int r = process_find(service->argv[0], service->dir, &path);

    service->way = service->inject == INJECT_SECCOMP || service->inject == INJECT_NONE ? service->inject
                                                                                       : INJECT_PRELOAD;
    if (r && strict)
        diag_error(diag, service->at, "service %s: cannot run %s: %s", service->name, service->argv[0],
                   strerror(-r));
    if (r || service->inject == INJECT_NONE || entry_examine(path, &entry))
        return;
    enum inject way = way_in_of(&entry, service->inject);
    if (way != INJECT_NONE) {
        service->way = way;
        service->way_reason = arena_copy(scenario->arena, entry.reason);
        service->preloads = way_in_preloads(&entry, service->inject);
    } else if (strict) {
        diag_error(diag, service->at, "service %s: %s cannot be entered: %s", service->name, path,
                   entry.reason);
    }
}

bool way_in_is_supervised(const struct scenario *s)
{
    for (size_t i = 0; i < s->services_count; i++)
        if (s->services[i].way == INJECT_SECCOMP)
            return true;
    return false;
}

int way_in_settle(struct scenario *scenario, bool strict, struct diag *diag)
{
    for (size_t i = 0; i < scenario->services_count; i++) {
        /* They are the scenario's own, which is ours to finish. */
        struct service *service = (struct service *)(uintptr_t)&scenario->services[i];
        if (service->join)
            service->way = service->inject == INJECT_NONE ? INJECT_NONE : INJECT_PRELOAD;
        else
            settle_one(scenario, service, strict, diag);
    }
    int error = strict && way_in_is_supervised(scenario) ? way_name_resolve(scenario) : 0;
    check_faults(scenario, strict, diag);
    return error;
}

/* --- the relay --- */

static uint32_t of_checks(const struct check *checks, size_t count)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < count; i++)
        mask |= checks[i].kind == CHECK_CALLS ? checks[i].targets : 0;
    return mask;
}

static uint32_t of_cell(const struct cell *cell)
{
    uint32_t mask = of_checks(cell->during, cell->during_count) | of_checks(cell->after, cell->after_count);

    for (size_t i = 0; i < cell->faults_count; i++)
        mask |= control_needs_relay(&cell->faults[i]) ? cell->faults[i].targets : 0;
    return mask;
}

uint32_t way_in_relayed(const struct scenario *s)
{
    uint32_t mask = of_checks(s->steady, s->steady_count) | of_checks(s->stop_when, s->stop_when_count);

    for (size_t i = 0; i < s->cells_count; i++)
        mask |= of_cell(&s->cells[i]);
    return mask;
}

/* What exceeds the blast radius.  Floor 2. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/scenario/limits.h"
#include "injectors/decision/pattern.h"

/* --- numbers --- */

static bool exceeds(const struct limit *limit, uint64_t number)
{
    return limit->most && number > limit->most;
}

bool limits_refuse_duration(const struct scenario *s, uint64_t for_ns, struct buf *why)
{
    char lasts[UNIT_TEXT_BYTES], most[UNIT_TEXT_BYTES];

    for (size_t i = 0; i < s->limits_count; i++) {
        const struct limit *limit = &s->limits[i].duration_ns;
        if (!exceeds(limit, for_ns))
            continue;
        unit_format_duration(limit->most, most);
        if (for_ns == RULE_ENDLESS)
            buf_printf(why, "has no end of its own; give it a `for` of at most %s (%s)", most, limit->rule);
        else
            buf_printf(why, "lasts %s; at most %s is allowed (%s)", unit_format_duration(for_ns, lasts), most,
                       limit->rule);
        return true;
    }
    return false;
}

static bool refuse_number(const struct limit *limit, uint64_t number, const char *what, struct buf *why)
{
    if (!exceeds(limit, number))
        return false;
    buf_printf(why, "faults would be in %llu %s; at most %llu %s allowed (%s)", (unsigned long long)number,
               what, (unsigned long long)limit->most, limit->most == 1 ? "is" : "are", limit->rule);
    return true;
}

bool limits_refuse_services(const struct scenario *s, uint32_t services, struct buf *why)
{
    uint64_t number = (uint64_t)__builtin_popcount(services);

    for (size_t i = 0; i < s->limits_count; i++)
        if (refuse_number(&s->limits[i].services, number, "services", why))
            return true;
    return false;
}

bool limits_refuse_processes(const struct scenario *s, size_t processes, struct buf *why)
{
    for (size_t i = 0; i < s->limits_count; i++)
        if (refuse_number(&s->limits[i].processes, processes, "processes", why))
            return true;
    return false;
}

uint32_t limits_services_of(const struct scenario *s, const struct fault *fault)
{
    uint32_t all = 0;

    if (fault->service >= 0)
        return 1u << fault->service;
    for (size_t i = 0; i < s->services_count; i++)
        if (s->services[i].inject != INJECT_NONE)
            all |= 1u << i;
    return all;
}

/* --- what is forbidden --- */

static bool prefixes_meet(const struct target *a, const struct target *b)
{
    unsigned bits = a->prefix < b->prefix ? a->prefix : b->prefix;
    unsigned rest = bits % 8;

    if (memcmp(a->address, b->address, bits / 8) != 0)
        return false;
    return !rest || !((a->address[bits / 8] ^ b->address[bits / 8]) >> (8 - rest));
}

static bool names_meet(const struct target *a, const struct target *b)
{
    if (a->kind == TARGET_NAME && b->kind == TARGET_NAME)
        return !strcasecmp(a->text, b->text);
    if (a->kind == TARGET_PATTERN && b->kind == TARGET_PATTERN)
        return true; /* there may be a name that fits both */
    return a->kind == TARGET_PATTERN ? pattern_matches(a->text, b->text) : pattern_matches(b->text, a->text);
}

/* What a name resolves to nobody knows here, and every address is one of them. */
static bool hosts_meet(const struct target *a, const struct target *b)
{
    if (a->kind == TARGET_ADDRESS && b->kind == TARGET_ADDRESS)
        return prefixes_meet(a, b);
    if (a->kind != TARGET_ADDRESS && b->kind != TARGET_ADDRESS)
        return names_meet(a, b);
    return a->kind == TARGET_ADDRESS ? !a->prefix : !b->prefix;
}

static bool targets_meet(const struct target *a, const struct target *b, bool any_protocol)
{
    if (a->kind == TARGET_UNIX || b->kind == TARGET_UNIX)
        return a->kind == b->kind && !strcmp(a->text, b->text);
    if (a->protocol != b->protocol && !any_protocol)
        return false;
    return (!a->port || !b->port || a->port == b->port) && hosts_meet(a, b);
}

/* A dependency that is forbidden by its name is so by its address as well. */
static bool meets_named(const struct scenario *s, const struct forbidden *f, const struct dependency *d)
{
    for (size_t n = 0; f->name && n < s->dependencies_count; n++) {
        const struct dependency *named = &s->dependencies[n];
        for (size_t i = 0; !strcmp(f->name, named->name) && i < d->targets_count; i++)
            for (size_t k = 0; k < named->targets_count; k++)
                if (targets_meet(&d->targets[i], &named->targets[k], false))
                    return true;
    }
    return false;
}

static bool is_forbidden(const struct scenario *s, const struct forbidden *f, const struct dependency *d)
{
    if ((f->name && !strcmp(f->name, d->name)) || meets_named(s, f, d))
        return true;
    for (size_t i = 0; i < d->targets_count; i++)
        for (size_t k = 0; k < f->targets_count; k++)
            if (targets_meet(&d->targets[i], &f->targets[k], f->any_protocol))
                return true;
    return false;
}

static const struct forbidden *forbidden_in(const struct scenario *s, const struct limits *limits,
                                            const struct dependency *d)
{
    for (size_t i = 0; i < limits->forbidden_count; i++)
        if (is_forbidden(s, &limits->forbidden[i], d))
            return &limits->forbidden[i];
    return NULL;
}

/* Without a target it would be about every connection; memory and processes have none. */
static bool meets_everything(const struct fault *fault)
{
    call_set calls = fault->call < CALL_COUNT ? call_bit(fault->call) : fault_calls(fault->kind);

    return fault_way(fault->kind) == WAY_SHIM && !fault->targets &&
           calls & ~call_with_roles(1u << ROLE_ALLOCATE);
}

static bool refuse_targets(const struct scenario *s, const struct limits *limits, const struct fault *fault,
                           struct buf *why)
{
    if (limits->forbidden_count && meets_everything(fault)) {
        buf_printf(why, "names no target, so it would meet %s, which is forbidden (%s)",
                   limits->forbidden[0].text, limits->forbidden[0].rule);
        return true;
    }
    for (size_t d = 0; d < s->dependencies_count; d++) {
        const struct forbidden *f =
            fault->targets & 1u << d ? forbidden_in(s, limits, &s->dependencies[d]) : NULL;
        if (!f)
            continue;
        buf_printf(why, "is about %s (%s), and %s is forbidden (%s)", s->dependencies[d].name,
                   s->dependencies[d].text, f->text, f->rule);
        return true;
    }
    return false;
}

bool limits_refuse_fault(const struct scenario *s, const struct fault *fault, uint64_t for_ns,
                         struct buf *why)
{
    for (size_t i = 0; i < s->limits_count; i++)
        if (refuse_targets(s, &s->limits[i], fault, why))
            return true;
    return limits_refuse_duration(s, for_ns, why);
}

/* --- the moment --- */

bool limits_refuse_time(const struct scenario *s, time_t now, struct buf *why)
{
    struct tm local = {0};
    char text[32] = "";

    localtime_r(&now, &local);
    strftime(text, sizeof(text), "%a %H:%M", &local);
    for (size_t i = 0; i < s->limits_count; i++) {
        const struct limits *l = &s->limits[i];
        bool inside = !l->hours_count;
        for (size_t k = 0; k < l->hours_count && !inside; k++)
            inside = hours_contain(&l->hours[k], &local);
        if (inside)
            continue;
        buf_printf(why, "it is %s, outside of the hours in which faults are allowed: %s%s (%s)", text,
                   l->hours[0].text, l->hours_count > 1 ? " and others" : "", l->hours_rule);
        return true;
    }
    return false;
}

static bool is_user(const struct limits *l, const char *name)
{
    bool found = !l->users_count;

    for (size_t i = 0; i < l->users_count && !found; i++)
        found = !strcmp(l->users[i], name);
    return found;
}

bool limits_refuse_user(const struct scenario *s, uid_t user, struct buf *why)
{
    char name[64];

    for (size_t i = 0; i < s->limits_count; i++) {
        if (!s->limits[i].users_count)
            continue;
        const struct passwd *who = getpwuid(user);
        snprintf(name, sizeof(name), who ? "%.63s" : "%.0s%u", who ? who->pw_name : "", (unsigned)user);
        if (is_user(&s->limits[i], name))
            continue;
        buf_printf(why, "user %s is not among those who may inject faults (%s)", name,
                   s->limits[i].users_rule);
        return true;
    }
    return false;
}

/* --- a scenario --- */

/* At most as long as the hold; steps may draw that out, which the run sees to. */
static uint64_t lasts_ns(const struct cell *cell, const struct fault *fault)
{
    uint64_t hold_ns = cell->timing.hold_ns;
    uint64_t left_ns = hold_ns > fault->start_ns ? hold_ns - fault->start_ns : 0;

    return fault->for_ns < left_ns ? fault->for_ns : left_ns;
}

static void check_cell(const struct scenario *s, const struct cell *cell, struct diag *diag)
{
    cleanup_buf struct buf services_why = {0};
    uint32_t services = 0;

    for (size_t i = 0; i < cell->faults_count; i++) {
        const struct fault *f = &cell->faults[i];
        cleanup_buf struct buf why = {0};
        services |= limits_services_of(s, f);
        if (limits_refuse_fault(s, f, lasts_ns(cell, f), &why))
            diag_error(diag, f->at, "limits: `%s` %s", f->text, buf_text(&why));
    }
    if (limits_refuse_services(s, services, &services_why))
        diag_error(diag, cell->at, "limits: %s", buf_text(&services_why));
}

void limits_check(const struct scenario *scenario, struct diag *diag)
{
    for (size_t i = 0; scenario->limits_count && i < scenario->cells_count; i++)
        check_cell(scenario, &scenario->cells[i], diag);
}

/* The blast radius: how much may be hit, how long, what never, when, and by whom.  Floor 2.
 *
 * A scenario's `limits:` and those of the host each hold on their own: none loosens another.  What exceeds
 * one is refused in words that name the file and the line of the rule. */
#ifndef SCENARIO_LIMITS_H
#define SCENARIO_LIMITS_H

#include <sys/types.h>
#include <time.h>

#include "chaosctl/scenario/scenario.h"

#define LIMITS_HOST_FILE "/etc/chaosctl.yml"
#define LIMITS_VARIABLE  "CHAOSCTL_CONFIG" /* names one file more; its limits hold beside the others' */

/* A number that must not be exceeded; 0: none is given. */
struct limit {
    uint64_t most;
    const char *rule; /* "/etc/chaosctl.yml:4:13" */
};

/* A part of the week. */
struct hours {
    uint8_t days;              /* on which it begins, one bit each from Sunday on */
    uint16_t from_min, to_min; /* of the day, exclusive; from > to: past midnight */
    const char *text;
};

/* What no fault may be about: an address, or a name of a dependency or a host. */
struct forbidden {
    const char *text, *name; /* name: NULL where it is an address */
    bool any_protocol;
    const struct target *targets;
    size_t targets_count;
    const char *rule;
};

struct limits {
    const char *path; /* where it stands */
    struct limit services, processes, duration_ns;
    const struct forbidden *forbidden;
    size_t forbidden_count;
    const struct hours *hours; /* none: always */
    size_t hours_count;
    const char *hours_rule;
    const char *const *users; /* none: everybody */
    size_t users_count;
    const char *users_rule;
};

/* "mon-fri 09:00-17:00", "sat,sun", "22:00-06:00".  False: it is not of this form. */
bool hours_parse(const char *text, struct hours *ret_hours);
bool hours_contain(const struct hours *hours, const struct tm *local);

/* Take the limits of this host in: LIMITS_HOST_FILE, which must be root's, and what LIMITS_VARIABLE names.
 * There may be none.  -EINVAL with messages in diag, each with its file; -ENOMEM. */
int limits_load_host(struct scenario *scenario, struct diag *diag);

/* What of the scenario's cells exceeds its limits?  Hours, users and processes are a matter of the moment. */
void limits_check(const struct scenario *scenario, struct diag *diag);

/* Load the scenario, and hold it against its own limits and the host's.  As scenario_load. */
int limits_load_scenario(const char *path, struct diag *diag, struct scenario **ret_scenario);

/* Each says whether it is refused, and then why, with the rule's place. */

/* for_ns: how long it lasts; RULE_ENDLESS: nobody knows. */
bool limits_refuse_fault(const struct scenario *scenario, const struct fault *fault, uint64_t for_ns,
                         struct buf *why);
bool limits_refuse_duration(const struct scenario *scenario, uint64_t for_ns, struct buf *why);
bool limits_refuse_services(const struct scenario *scenario, uint32_t services, struct buf *why);
bool limits_refuse_processes(const struct scenario *scenario, size_t processes, struct buf *why);
bool limits_refuse_time(const struct scenario *scenario, time_t now, struct buf *why);
bool limits_refuse_user(const struct scenario *scenario, uid_t user, struct buf *why);

/* The services that a fault happens in, one bit each. */
uint32_t limits_services_of(const struct scenario *scenario, const struct fault *fault);

#endif

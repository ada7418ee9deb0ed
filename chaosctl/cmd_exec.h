/* What the parts of `chaosctl exec` share.  Floor 5.
 *
 * cmd_exec.c         the command line, the command's life, what is told about it
 * cmd_exec_faults.c  its faults: read, armed, carried out from outside */
#ifndef CHAOSCTL_CMD_EXEC_H
#define CHAOSCTL_CMD_EXEC_H

#include "chaosctl/run/control.h"
#include "chaosctl/run/loop.h"
#include "chaosctl/run/pause.h"

#define EXEC_FAULT_MAX RULE_MAX /* each is one at most */

struct exec;

/* A fault while the command runs. */
struct plan {
    struct exec *exec;
    struct fault fault;
    int rule; /* index in the control area; -1: a fault to the whole process */
    uint64_t hits;
    int guard; /* of a pause */
    struct timer begin, end;
};

struct exec {
    struct loop *loop;
    struct control *control;
    struct scenario *scenario;
    struct service service; /* the command, for those who ask the scenario */
    struct plan plans[EXEC_FAULT_MAX];
    size_t plans_count;
    const char *specs[EXEC_FAULT_MAX];
    size_t specs_count;
    bool has_seed, quiet, allows_uring;
    enum inject inject; /* as wanted; how it is entered stands in service.way */
    uint64_t seed, lease_ns;
    struct timer tick, look;
    char *halt; /* path of this user's */
    bool halted;
    char **argv;
    pid_t pid;
    int status;
    bool entered; /* some process of it took the control area in */
};

/* exec->specs become exec->plans.  0; -EINVAL when one is wrong, and why in ret_text; -ENOMEM. */
int exec_read_faults(struct exec *exec, struct buf *ret_text);

/* How the command is entered, into exec->service.  -EINVAL: not as was wanted, or a fault cannot be had so,
 * and why in ret_text. */
int exec_find_way(struct exec *exec, struct buf *ret_text);

/* Arm what the shim does, plan what we do, and begin the lease: right before the command starts.  -errno. */
int exec_arm(struct exec *exec);

/* Halted: nothing strikes any more, and nothing that was planned will. */
void exec_halt(struct exec *exec);

/* Has it come to exceed the limits, in what only the moment tells?  So says why. */
bool exec_exceeds(const struct exec *exec, struct buf *why);

/* A paused command can neither end nor answer. */
void exec_resume(struct exec *exec);

#endif

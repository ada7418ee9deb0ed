/* The orchestrator's side of the control area: the run's folder, the lease, arming, what the processes
 * report.  Floor 3.
 *
 * The folder: $XDG_RUNTIME_DIR/chaosctl/RUN (else /tmp/chaosctl-UID/RUN), mode 0700, with `control.N` (0600),
 * `state.json` and `logs/`. */
#ifndef RUN_CONTROL_H
#define RUN_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/scenario/scenario.h"
#include "injectors/decision/table.h"

struct control;
struct loop;
struct supervisor;

/* The folder of all this user's runs, checked: ours, 0700, no link.  To be freed; -errno. */
int control_base(char **ret_path);

/* Make a run's folder and name: RUN is date and six hex digits.  -errno. */
int control_new(struct control **ret_control);

/* What an error of the functions here means to people: which folder, what is wrong with it, what would help.
 */
void control_explain(int error, struct buf *ret_text);

/* Unmaps; removes the folder with all in it unless keep. */
void control_free(struct control *control, bool keep);

const char *control_run(const struct control *control);    /* its name */
const char *control_folder(const struct control *control); /* absolute */

/* A fresh control file for the next cell: what an earlier cell's stragglers still map is no longer this one.
 * Targets come from the scenario's dependencies; watched: those that are counted.  -errno. */
int control_fresh(struct control *control, const struct scenario *scenario, uint32_t watched);

/* Take in the dependencies that the scenario has gained since: before a rule about them is armed.  -E2BIG. */
int control_add_targets(struct control *control, const struct scenario *scenario);

int control_folder_fd(const struct control *control);

/* Add to this eventfd whenever a rule is armed or lifted, for who cannot wait on the epoch; -1: no more. */
void control_notify(struct control *control, int event_fd);

/* Note in state.json that a service's leader runs (pid 0: no longer), for `env` and `doctor`. */
void control_note_service(struct control *control, size_t index, pid_t pid);

struct table *control_table(struct control *control);
const char *control_path(const struct control *control); /* of the control file */

/* Push the lease to now + lease_ns.  Returns how long it had lapsed before (0: it had not): faults were off
 * that long. */
uint64_t control_renew(struct control *control, uint64_t lease_ns);

/* Let the lease end now: nothing strikes any more, delayed calls wake. */
void control_expire(struct control *control);

/* A fault on a dependency is about the connections made to it, unless it says otherwise. */
enum direction control_direction(const struct fault *fault);

/* Is every connection that is there to be reset when it begins (control_reset)?  Not where its numbers choose
 * among the calls. */
bool control_resets(const struct fault *fault);

/* Make the rule of a fault that the shim carries out.  ordinal: in its cell.  injected_ns: its start counts
 * from there. */
void control_rule(const struct fault *fault, uint32_t ordinal, uint64_t cell_seed, uint64_t injected_ns,
                  struct rule *ret_rule);

/* Arm, lift: the rule's index or -ENOSPC.  Both wake who waits.  reply: of respond, NULL of others. */
int control_arm(struct control *control, const struct rule *rule, const struct reply *reply);
void control_lift(struct control *control, uint32_t index);

/* Count strikes that the orchestrator landed itself (control_reset) as matches and hits of the rule. */
void control_count(struct control *control, uint32_t index, uint64_t strikes);

/* The supervisor of programs that are entered by seccomp, started if there is none yet.  died: another one
 * had to be put in its place.  -errno. */
int control_supervise(struct control *control, struct loop *loop, void (*died)(void *arg), void *arg,
                      struct supervisor **ret_supervisor);

/* New connections to these dependencies lead through the supervisor's relay, too: what is done to a stream is
 * done there. */
void control_relay(struct control *control, uint32_t targets);

/* Does that fault need the relay, in a program that is entered by seccomp? */
bool control_needs_relay(const struct fault *fault);

/* Hand every record of the ring to fn; stuck places are given up after a second.  Returns how many. */
typedef void control_record_fn(void *arg, const struct record *record);
size_t control_drain(struct control *control, control_record_fn *fn, void *arg);

/* Is the process in (has it taken a slot), and as which service?  -ENOENT. */
int control_member(const struct control *control, pid_t pid, uint32_t *ret_service);

/* Free the slots of processes that are gone.  Returns how many members are left. */
size_t control_sweep(struct control *control);

/* All members of a service (-1: of any, or none), alive or gone; returns how many, at most max. */
size_t control_members(const struct control *control, int service, pid_t *ret_pids, size_t max);

/* Has the process really mapped this control file?  Slots are written by the processes of the run: before one
 * is signalled because of its slot, ask the kernel. */
bool control_is_mapped_by(const struct control *control, pid_t pid);

/* Does it pass everything through, because it confined itself by seccomp? */
bool control_is_retired(const struct control *control, pid_t pid);

/* The variables that bring a process in: LD_PRELOAD (ours behind what there is), HANDSHAKE_CONTROL,
 * HANDSHAKE_SERVICE. In the control's memory until control_free.  service -1: none, an empty value.  -EINVAL:
 * the shim's path has a space or a colon, which LD_PRELOAD cannot say; -ENOENT: no shim. */
#define CONTROL_ENV 3
int control_env(struct control *control, int service, struct pair ret_env[static CONTROL_ENV]);

/* A value of LD_PRELOAD with the shim behind what there is (theirs may be NULL), once.  To be freed; NULL:
 * out of memory. */
char *control_preload(const char *theirs, const char *shim);

/* The shim's absolute path: beside the command (build/), ../lib/chaosctl/ of it, or CHAOSCTL_SHIM.  To be
 * freed; -errno. */
int control_shim(char **ret_path);

/* Reset every established connection of these processes that belongs to one of the dependencies (by peer
 * address for outbound, own address for inbound; names are skipped: nobody here knows what they resolved to),
 * from outside, by pidfd_getfd and connect(AF_UNSPEC): idle ones and those that a thread waits on meet the
 * reset at once.  Returns how many were reset.
 *
 * A connection is inbound when one of the processes listens on its own port.  Accepted limit: a worker whose
 * listener is held by none of pids looks like a client. */
size_t control_reset(struct control *control, const struct scenario *scenario, uint32_t targets,
                     enum direction direction, const pid_t *pids, size_t count);

#endif

/* One thread that waits for everything: descriptors, timers, children, signals.  Floor 3.
 *
 * Callbacks run one at a time, from loop_run; they may add and remove anything, themselves included. */
#ifndef RUN_LOOP_H
#define RUN_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;

/* Blocks SIGCHLD and reads it from a signalfd; at most one loop per process.  -errno on failure. */
int loop_new(struct loop **ret_loop);

/* Restores the signal mask; NULL is fine. */
void loop_free(struct loop *loop);

/* Until loop_stop.  Returns 0, or -errno when waiting itself failed. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Descriptors.  events as epoll's; the descriptor stays its owner's and must be removed before it is closed.
 */
typedef void loop_fd_fn(void *arg, int fd, uint32_t events);
int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *arg);
int loop_change_fd(struct loop *loop, int fd, uint32_t events);
void loop_remove_fd(struct loop *loop, int fd);

/* One-shot timers, in storage of their owner; zeroed is unset.  A timer that fires is unset before its fn
 * runs. */
struct timer {
    void (*fn)(void *arg);
    void *arg;
    uint64_t due_ns; /* CLOCK_MONOTONIC */
    struct timer *next;
    bool set;
};
void loop_set_timer(struct loop *loop, struct timer *timer, uint64_t due_ns);
void loop_unset_timer(struct loop *loop, struct timer *timer);

/* Children.  fn gets waitpid's status once, after which the pid is forgotten.  Orphans that the kernel gives
 * to us (PR_SET_CHILD_SUBREAPER) are reaped in passing. */
typedef void loop_child_fn(void *arg, pid_t pid, int status);
int loop_add_child(struct loop *loop, pid_t pid, loop_child_fn *fn, void *arg);
void loop_remove_child(struct loop *loop, pid_t pid);

/* Is it one of those that were added?  A child of ours that is not is an orphan that the kernel gave us. */
bool loop_has_child(const struct loop *loop, pid_t pid);

/* Signals: blocked, and fn called instead.  For SIGINT, SIGTERM, SIGHUP, SIGUSR1... */
typedef void loop_signal_fn(void *arg, int signal);
int loop_add_signal(struct loop *loop, int signal, loop_signal_fn *fn, void *arg);

/* Within a loop_signal_fn: did a process send it (kill), rather than the kernel to our whole group (the
 * terminal's Ctrl-C)? */
bool loop_signal_was_sent(const struct loop *loop);

#endif

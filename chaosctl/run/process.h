/* Starting and ending programs, group by group.  Floor 3.
 *
 * Each program leads a process group (and session) of its own; what it leaves behind is found as a descendant
 * of this subreaper.  Nothing is ended that was not started here. */
#ifndef RUN_PROCESS_H
#define RUN_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "chaosctl/scenario/scenario.h"

struct supervisor;

struct spawn {
    char *const *argv;      /* argv[0] with a slash is relative to dir, without one looked up in PATH */
    const char *dir;        /* NULL: here */
    const struct pair *env; /* added to, or replacing, ours */
    size_t env_count;
    int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null */
    bool dies_with_us;                  /* PR_SET_PDEATHSIG SIGKILL: probes and steps, not services */
    bool continues_with_us_gone;   /* PR_SET_PDEATHSIG SIGCONT: services, which may be paused when we die */
    bool new_session;              /* setsid; otherwise only a process group */
    bool foreground;               /* exec: our own group, terminal, descriptors and dispositions */
    const sigset_t *mask;          /* of the child; NULL: nothing blocked */
    bool refuses_uring;            /* io_uring_setup fails with ENOSYS (uring.h) */
    struct supervisor *supervisor; /* is asked about its connects (supervisor.h); NULL: nobody is */
    uint32_t service;              /* for that: its index */
};

/* Signal mask and dispositions of the child are the defaults, and what dies or continues with us does so from
 * the start.  Returns the pid, or -errno of fork or of exec in the child (ENOENT, EACCES...: an exec that
 * failed is reported here, not by an exit code). */
pid_t process_start(const struct spawn *spawn);

/* What such an error means to people. */
const char *process_error(int error);

/* The absolute path of what would be executed, or -errno (ENOENT, EACCES). */
int process_find(const char *program, const char *dir, char **ret_path);

/* Become the parent of all orphans below us.  0 or -errno. */
int process_subreaper(void);

/* All living descendants of pid (pid itself not among them), by /proc; returns how many, at most max. */
size_t process_descendants(pid_t pid, pid_t *ret_pids, size_t max);

/* Is pid one of our own descendants? */
bool process_is_ours(pid_t pid);

/* 0: gone. */
pid_t process_parent(pid_t pid);

/* Was it started with NAME=VALUE in its environment, and may we look? */
bool process_has_variable(pid_t pid, const char *name, const char *value);

/* When it was started, in clock ticks since boot (field 22 of /proc/PID/stat): with the pid, an identity.  0:
 * gone. */
uint64_t process_birth(pid_t pid);

/* What a set of processes holds now. */
struct process_usage {
    uint64_t rss_bytes;
    uint64_t fds;
    uint64_t threads;
};
void process_usage(const pid_t *pids, size_t count, struct process_usage *ret_usage);

#endif

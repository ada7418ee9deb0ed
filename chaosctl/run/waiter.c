/* Holding threads by ptrace, which pidfd_getfd needs the permission for anyway.  Floor 3.
 *
 * Why: a socket that is disconnected under a blocking recv makes that recv fail with EAGAIN (since Linux 6.6;
 * the disconnect itself failed with EBUSY before), which no reset connection does.  A call that begins
 * afterwards fails with ECONNRESET as it should.  SIGSTOP and SIGCONT would do the same to whole processes,
 * and end everybody's epoll_wait. */
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/waiter.h"

/* The calls whose first argument is a descriptor that they wait on. */
static bool waits_on_first(long call)
{
    static const long calls[] = {SYS_read,     SYS_readv,    SYS_recvfrom, SYS_recvmsg,
                                 SYS_recvmmsg, SYS_write,    SYS_writev,   SYS_sendto,
                                 SYS_sendmsg,  SYS_sendmmsg, SYS_sendfile, SYS_splice};

    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        if (calls[i] == call)
            return true;
    return false;
}

/* /proc/PID/task/TID/syscall says "running", or the call's number and its arguments. */
static bool waits_on(pid_t pid, pid_t thread, int fd)
{
    char path[64];
    long call;
    unsigned long first;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, thread);
    cleanup_file FILE *file = fopen(path, "re");
    return file && fscanf(file, "%ld %lx", &call, &first) == 2 && waits_on_first(call) && (int)first == fd;
}

/* It sleeps in a call that signals end, so a stop does not take long. */
#define STOP_WITHIN_MS 50

/* Somebody's debugger may have it already: then it is left alone. */
static bool hold(pid_t thread)
{
    siginfo_t info = {0};

    if (ptrace(PTRACE_SEIZE, thread, NULL, NULL))
        return false;
    ptrace(PTRACE_INTERRUPT, thread, NULL, NULL);
    for (int ms = 0; ms < STOP_WITHIN_MS && !info.si_pid; ms++) {
        /* Stops alone: the exit of a service's leader is its service's to hear of. */
        if (waitid(P_PID, (id_t)thread, &info, WSTOPPED | WNOHANG | __WALL))
            return false;
        if (!info.si_pid)
            usleep(1000);
    }
    if (info.si_pid && info.si_status >> 8 == PTRACE_EVENT_STOP)
        return true;
    /* A signal came first and is its own; or it sleeps where no signal reaches it. */
    ptrace(PTRACE_DETACH, thread, NULL, info.si_pid ? (void *)(intptr_t)info.si_status : NULL);
    return false;
}

size_t waiter_hold(pid_t pid, int fd, pid_t ret_threads[static WAITER_MAX])
{
    char path[64];
    size_t count = 0;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    if (!dir)
        return 0;
    for (struct dirent *e; count < WAITER_MAX && (e = readdir(dir));) {
        pid_t thread = isdigit((unsigned char)e->d_name[0]) ? (pid_t)atoi(e->d_name) : 0;
        if (thread && waits_on(pid, thread, fd) && hold(thread))
            ret_threads[count++] = thread;
    }
    closedir(dir);
    return count;
}

void waiter_release(const pid_t *threads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ptrace(PTRACE_DETACH, threads[i], NULL, NULL);
}

/* Trying out what a run needs.  Floor 3. */
#include <elfutils/version.h>
#include <errno.h>
#include <jansson.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <yaml.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/probe/libcurl.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/halt.h"
#include "chaosctl/run/host.h"
#include "chaosctl/run/leftover.h"
#include "chaosctl/run/process.h"

#define TRIAL_PROGRAM  "/bin/true"
#define DESCRIPTOR_MIN 1024 /* a connection per request in flight, two per service, and room */

const char *host_check_name(enum host_check check)
{
    static const char *const names[HOST_CHECK_COUNT] = {
        [HOST_SHIM] = "shim",
        [HOST_PRELOAD] = "preload",
        [HOST_RUN_FOLDER] = "run folder",
        [HOST_STATE] = "journals",
        [HOST_PIDFD_GETFD] = "pidfd_getfd",
        [HOST_SECCOMP] = "seccomp",
        [HOST_DESCRIPTORS] = "descriptors",
        [HOST_HALT] = "halt",
        [HOST_LEFTOVERS] = "leftovers",
        [HOST_LIBRARIES] = "libraries",
    };

    return names[check];
}

const char *host_status_name(enum host_status status)
{
    static const char *const names[HOST_STATUS_COUNT] = {"ok", "limited", "FAIL"};

    return names[status];
}

__attribute__((format(printf, 4, 5))) static void find(struct host_finding *finding, enum host_status status,
                                                       const char *advice, const char *format, ...)
{
    va_list args;

    finding->status = status;
    snprintf(finding->advice, sizeof(finding->advice), "%s", advice);
    va_start(args, format);
    vsnprintf(finding->detail, sizeof(finding->detail), format, args);
    va_end(args);
}

static void examine_shim(struct host_finding *finding)
{
    cleanup_free char *path = NULL;
    int status = control_shim(&path);

    if (status < 0)
        find(finding, HOST_FAIL,
             "install chaosctl as a whole (make install), or set CHAOSCTL_SHIM to its path",
             "libchaosctl.so is not found: %s", strerror(-status));
    else if (strpbrk(path, ": "))
        find(finding, HOST_FAIL, "install it elsewhere, or set CHAOSCTL_SHIM: LD_PRELOAD has no way to quote",
             "its path has a blank or a colon: %s", path);
    else
        find(finding, HOST_OK, "", "%s", path);
}

/* A program under the shim, in a run of its own.  0: it took a slot. */
static int trial_run(struct control *control)
{
    static char *const argv[] = {(char *)(uintptr_t)TRIAL_PROGRAM, NULL};
    struct pair env[CONTROL_ENV];
    uint32_t service;
    int status = control_env(control, -1, env);

    if (status < 0)
        return status;
    struct spawn spawn = {.argv = argv,
                          .env = env,
                          .env_count = CONTROL_ENV,
                          .stdin_fd = -1,
                          .stdout_fd = -1,
                          .stderr_fd = -1,
                          .dies_with_us = true};
    pid_t pid = process_start(&spawn);
    if (pid < 0)
        return pid;
    if (waitpid(pid, &status, 0) != pid)
        return -errno;
    return status ? -ECANCELED : control_member(control, pid, &service);
}

static int trial(void)
{
    struct scenario *empty = scenario_empty();
    struct control *control = NULL;
    int status = empty ? control_new(&control) : -ENOMEM;

    if (status == 0)
        status = control_fresh(control, empty, 0);
    if (status == 0)
        status = trial_run(control);
    if (control)
        control_free(control, false);
    scenario_free(empty);
    return status;
}

static void examine_preload(struct host_finding *finding)
{
    struct entry entry;
    int status = entry_examine(TRIAL_PROGRAM, &entry);

    if (status == 0 && entry.verdict != ENTRY_PRELOAD) {
        find(finding, HOST_LIMITED, "ask about a program of yours: chaosctl doctor PROGRAM",
             "not tried, since %s cannot be entered: %s", TRIAL_PROGRAM, entry_name(entry.verdict));
        return;
    }
    status = trial();
    if (status < 0)
        find(finding, HOST_FAIL,
             status == -ENOENT ? "is the shim of the same build? is LD_PRELOAD taken away on this host?"
                               : "see the lines above",
             "%s did not come in under the shim: %s", TRIAL_PROGRAM,
             status == -ENOENT ? "it ran, and took no slot" : strerror(-status));
    else
        find(finding, HOST_OK, "", "%s ran under the shim and took its slot", TRIAL_PROGRAM);
}

static void examine_run_folder(struct host_finding *finding)
{
    cleanup_free char *path = NULL;
    int status = control_base(&path);

    if (status < 0)
        find(finding, HOST_FAIL,
             "it must be a folder of yours with mode 0700; set XDG_RUNTIME_DIR to one where it can be made",
             "the folder of runs cannot be used: %s", strerror(-status));
    else
        find(finding, HOST_OK, "", "%s", path);
}

/* The nearest folder above that exists is where it would be made. */
static void examine_state(const char *folder, struct host_finding *finding)
{
    cleanup_free char *path = folder ? strdup(folder) : NULL;
    char *slash;

    while (path && access(path, F_OK) && errno == ENOENT && (slash = strrchr(path, '/')) && slash != path)
        *slash = '\0';
    if (path && !access(path, W_OK | X_OK))
        find(finding, HOST_OK, "", "%s", folder);
    else
        find(finding, HOST_LIMITED, "set XDG_STATE_HOME, or give each run --journal FILE",
             "%s cannot be written", folder ? folder : "a folder for state: HOME is not set, and");
}

static int pidfd_open_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* A descriptor of a child that only waits.  0 or -errno. */
static int take_from_child(void)
{
    pid_t pid = fork();

    if (pid < 0)
        return -errno;
    if (pid == 0) {
        pause();
        _exit(0);
    }
    cleanup_fd int pidfd = pidfd_open_of(pid);
    cleanup_fd int taken = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, STDERR_FILENO, 0);
    int status = taken < 0 ? -errno : 0;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return status;
}

/* -1: this kernel has no Yama. */
static int ptrace_scope(void)
{
    int scope = -1;

    cleanup_file FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    if (file && fscanf(file, "%d", &scope) != 1)
        scope = -1;
    return scope;
}

static void examine_pidfd(struct host_finding *finding)
{
    int status = take_from_child(), scope = ptrace_scope();

    if (status == -EBADF) /* our standard error is closed: it was allowed to look */
        status = 0;
    if (status < 0)
        find(finding, HOST_LIMITED,
             status == -ENOSYS ? "Linux 5.6 has it"
                               : "yama's ptrace_scope or a container's seccomp profile forbids it",
             "%s: a connection is reset at its next call, not at once", strerror(-status));
    else if (scope == 1 && geteuid() != 0)
        find(finding, HOST_OK, "",
             "established connections of services can be reset at once; of joined ones (ptrace_scope 1) at "
             "their next call");
    else
        find(finding, HOST_OK, "", "established connections can be reset at once");
}

static void examine_seccomp(struct host_finding *finding)
{
    uint32_t action = SECCOMP_RET_USER_NOTIF;

    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action))
        find(finding, HOST_LIMITED, "Linux 5.0 has it",
             "no user notification: %s: static and Go programs cannot be entered", strerror(errno));
    else
        find(finding, HOST_OK, "", "user notification is there: static and Go programs are entered by it");
}

static void examine_descriptors(struct host_finding *finding)
{
    struct rlimit limit = {0};

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < DESCRIPTOR_MIN)
        find(finding, HOST_LIMITED, "ulimit -n 1024, or more for loads with many requests in flight",
             "at most %ju open descriptors", (uintmax_t)limit.rlim_cur);
    else
        find(finding, HOST_OK, "", "at most %ju open", (uintmax_t)limit.rlim_cur);
}

/* The shell line is for the moment in which nothing else is to be tried first. */
static void examine_halt(struct host_finding *finding)
{
    cleanup_free char *own = halt_path();
    const char *file = halt_in_force(own);

    if (file)
        find(finding, HOST_LIMITED, "chaosctl resume, when it is over", "nothing is injected: halted by %s",
             file);
    else
        find(finding, HOST_OK, "", "none; to lift every fault at once: chaosctl halt, or touch %s",
             own ? own : HALT_EVERYBODY);
}

static void examine_leftovers(struct host_finding *finding)
{
    size_t count;
    int status = leftover_count(&count);

    if (status < 0)
        find(finding, HOST_LIMITED, "", "runs cannot be listed: %s", strerror(-status));
    else if (count)
        find(finding, HOST_LIMITED, "chaosctl doctor --clean",
             "%zu run%s ended without cleaning up, or kept %s folder", count, count > 1 ? "s" : "",
             count > 1 ? "their" : "its");
    else
        find(finding, HOST_OK, "", "no run is left to clean up");
}

static void examine_libraries(struct host_finding *finding)
{
    char pcre[64] = "";

    if (libcurl_load()) {
        find(finding, HOST_FAIL, "apt-get install libcurl4", "there is no libcurl, which asks over HTTP");
        return;
    }
    pcre2_config(PCRE2_CONFIG_VERSION, pcre);
    find(finding, HOST_OK, "", "curl %s, libyaml %s, pcre2 %s, jansson %s, libelf %d.%d (of the build)",
         libcurl.version_info(CURLVERSION_NOW)->version, yaml_get_version_string(), pcre,
         jansson_version_str(), _ELFUTILS_VERSION / 1000, _ELFUTILS_VERSION % 1000);
}

void host_examine(const char *state_folder, struct host_finding ret_findings[static HOST_CHECK_COUNT])
{
    examine_shim(&ret_findings[HOST_SHIM]);
    examine_run_folder(&ret_findings[HOST_RUN_FOLDER]);
    examine_preload(&ret_findings[HOST_PRELOAD]);
    examine_state(state_folder, &ret_findings[HOST_STATE]);
    examine_pidfd(&ret_findings[HOST_PIDFD_GETFD]);
    examine_seccomp(&ret_findings[HOST_SECCOMP]);
    examine_descriptors(&ret_findings[HOST_DESCRIPTORS]);
    examine_halt(&ret_findings[HOST_HALT]);
    examine_leftovers(&ret_findings[HOST_LEFTOVERS]);
    examine_libraries(&ret_findings[HOST_LIBRARIES]);
}

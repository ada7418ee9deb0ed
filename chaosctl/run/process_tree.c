/* What /proc tells about processes: descendants, identity, usage.  Floor 3. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/process.h"

static void clean_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}
#define cleanup_dir __attribute__((cleanup(clean_dir)))

/* The start of a small file of /proc, terminated.  Returns its length, or -errno. */
static ssize_t read_small(const char *path, char *text, size_t size)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t len = read(fd, text, size - 1);
    if (len < 0)
        return -errno;
    text[len] = '\0';
    return len;
}

/* What we need of /proc/PID/stat (proc(5)). */
struct stat_line {
    char state;       /* field 3 */
    pid_t ppid;       /* 4 */
    uint64_t threads; /* 20 */
    uint64_t birth;   /* 22, in ticks since boot */
};

/* The name in field 2 may hold anything, blanks and brackets too: it ends at the last bracket. */
static int stat_read(pid_t pid, struct stat_line *ret)
{
    char path[64], text[1024];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    ssize_t len = read_small(path, text, sizeof(text));
    if (len < 0)
        return (int)len;
    const char *rest = strrchr(text, ')');
    int n = !rest ? 0
                  : sscanf(rest + 1,
                           " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %" SCNu64
                           " %*d %" SCNu64,
                           &ret->state, &ret->ppid, &ret->threads, &ret->birth);
    return n == 4 ? 0 : -ESRCH;
}

uint64_t process_birth(pid_t pid)
{
    struct stat_line line;

    if (pid <= 0 || stat_read(pid, &line) || line.state == 'Z' || line.state == 'X')
        return 0;
    return line.birth;
}

/* --- descendants --- */

struct family {
    pid_t *pids;
    size_t count, max;
};

static void family_add(struct family *family, pid_t pid)
{
    for (size_t i = 0; i < family->count; i++)
        if (family->pids[i] == pid)
            return;
    if (family->count < family->max)
        family->pids[family->count++] = pid;
}

static bool is_number(const char *text)
{
    return isdigit((unsigned char)text[0]);
}

/* The children of one thread: `children` lists them (kernels with CONFIG_PROC_CHILDREN, all that matter
 * since 4.2). */
static int add_children_of_thread(struct family *family, pid_t pid, const char *thread)
{
    char path[96];
    pid_t child;

    snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", pid, thread);
    cleanup_file FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    while (fscanf(file, "%d", &child) == 1)
        if (process_birth(child))
            family_add(family, child);
    return 0;
}

/* 0; -ENOENT when this kernel has no such list; a process that is gone has no children. */
static int add_children(struct family *family, pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    cleanup_dir DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (is_number(e->d_name))
            add_children_of_thread(family, pid, e->d_name);
    return 0;
}

static bool has_children_lists(void)
{
    static int has = -1;

    if (has < 0)
        has = !access("/proc/thread-self/children", R_OK);
    return has;
}

/* Without those lists: one look at every process per generation.  Slow on a large host, but rare. */
static void add_children_by_scan(struct family *family, pid_t pid)
{
    cleanup_dir DIR *dir = opendir("/proc");
    struct stat_line line;

    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (!is_number(e->d_name))
            continue;
        pid_t child = (pid_t)atoi(e->d_name);
        if (!stat_read(child, &line) && line.ppid == pid && line.state != 'Z')
            family_add(family, child);
    }
}

size_t process_descendants(pid_t pid, pid_t *ret_pids, size_t max)
{
    struct family family = {.pids = ret_pids, .max = max};
    pid_t parent = pid;

    for (size_t next = 0;; parent = ret_pids[next++]) {
        if (has_children_lists())
            add_children(&family, parent);
        else
            add_children_by_scan(&family, parent);
        if (next >= family.count)
            return family.count;
    }
}

pid_t process_parent(pid_t pid)
{
    struct stat_line line;

    return stat_read(pid, &line) ? 0 : line.ppid;
}

bool process_is_ours(pid_t pid)
{
    pid_t self = getpid();

    for (int generations = 0; generations < 1000 && pid > 1; generations++) {
        pid = process_parent(pid);
        if (pid == self)
            return true;
    }
    return false;
}

/* Found, not there, or (-1) nothing to read. */
static int look_for_variable(pid_t pid, const char *name, const char *value)
{
    char path[64];
    cleanup_free char *entry = NULL;
    size_t size = 0, name_len = strlen(name);
    int found = -1;

    snprintf(path, sizeof(path), "/proc/%d/environ", pid);
    cleanup_file FILE *file = fopen(path, "re");
    while (file && found != 1 && getdelim(&entry, &size, 0, file) > 0)
        found =
            !strncmp(entry, name, name_len) && entry[name_len] == '=' && !strcmp(entry + name_len + 1, value);
    return found;
}

/* In the middle of an exec there is no environment for a moment. */
bool process_has_variable(pid_t pid, const char *name, const char *value)
{
    int found;

    for (int tries = 0; (found = look_for_variable(pid, name, value)) < 0 && tries < 5; tries++)
        nanosleep(&(struct timespec){.tv_nsec = (long)NS_PER_MS}, NULL);
    return found == 1;
}

/* --- usage --- */

static uint64_t count_fds(pid_t pid)
{
    char path[64];
    uint64_t count = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    cleanup_dir DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));)
        count += e->d_name[0] != '.';
    return count;
}

static uint64_t rss_bytes(pid_t pid)
{
    char path[64], text[256];
    uint64_t pages = 0;

    snprintf(path, sizeof(path), "/proc/%d/statm", pid);
    if (read_small(path, text, sizeof(text)) < 0 || sscanf(text, "%*u %" SCNu64, &pages) != 1)
        return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void process_usage(const pid_t *pids, size_t count, struct process_usage *ret_usage)
{
    struct process_usage usage = {0};
    struct stat_line line;

    for (size_t i = 0; i < count; i++) {
        if (stat_read(pids[i], &line))
            continue;
        usage.threads += line.threads;
        usage.rss_bytes += rss_bytes(pids[i]);
        usage.fds += count_fds(pids[i]);
    }
    *ret_usage = usage;
}

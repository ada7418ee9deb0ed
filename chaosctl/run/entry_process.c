/* A process that runs already: what does it run, and is the shim in it?  Floor 3. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/entry.h"

#define SHIM_NAME  "/libchaosctl.so"
#define LINE_BYTES (PATH_MAX + 256)

static FILE *proc_open(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%jd/%s", (intmax_t)pid, name);
    return fopen(path, "re");
}

static bool all_ours(const char *ids)
{
    unsigned long real, effective, saved, fs, ours = getuid();

    return sscanf(ids, "%lu %lu %lu %lu", &real, &effective, &saved, &fs) == 4 && real == ours &&
           effective == ours && saved == ours && fs == ours;
}

static int status_read(pid_t pid, struct entry_process *process)
{
    char line[LINE_BYTES];

    cleanup_file FILE *file = proc_open(pid, "status");
    if (!file)
        return errno == ENOENT ? -ESRCH : -errno;
    process->seccomp = -1;
    while (fgets(line, sizeof(line), file)) {
        if (!strncmp(line, "Uid:", 4))
            process->same_user = all_ours(line + 4);
        sscanf(line, "Seccomp: %d", &process->seccomp);
    }
    return 0;
}

/* The path stands at the line's end, with ` (deleted)` behind it once the file was replaced. */
static bool is_shim(char *line)
{
    static const char deleted[] = " (deleted)";
    size_t len = strcspn(line, "\n"), name = strlen(SHIM_NAME), tail = strlen(deleted);

    line[len] = '\0';
    if (len > tail && !strcmp(line + len - tail, deleted))
        line[len -= tail] = '\0';
    return len > name && !strcmp(line + len - name, SHIM_NAME);
}

static int maps_read(pid_t pid, struct entry_process *process)
{
    char line[LINE_BYTES];

    cleanup_file FILE *file = proc_open(pid, "maps");
    if (!file)
        return errno == ENOENT ? -ESRCH : -errno;
    while (!process->shim && fgets(line, sizeof(line), file))
        process->shim = is_shim(line);
    return ferror(file) ? -errno : 0;
}

static int auxv_read(pid_t pid, struct entry_process *process)
{
    unsigned long pair[2];

    cleanup_file FILE *file = proc_open(pid, "auxv");
    if (!file)
        return errno == ENOENT ? -ESRCH : -errno;
    while (fread(pair, sizeof(pair), 1, file) == 1 && pair[0] != AT_NULL)
        if (pair[0] == AT_SECURE)
            process->secure = pair[1] != 0;
    return 0;
}

/* The link leads to the file even after its path is gone; the path is for people. */
static int program_read(pid_t pid, struct entry_process *process)
{
    char link[64], target[PATH_MAX];

    snprintf(link, sizeof(link), "/proc/%jd/exe", (intmax_t)pid);
    ssize_t len = readlink(link, target, sizeof(target) - 1);
    if (len < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    target[len] = '\0';
    int status = entry_examine(link, &process->entry);
    if (status < 0)
        return status;
    snprintf(process->entry.program, sizeof(process->entry.program), "%s", target);
    return 0;
}

int entry_examine_pid(pid_t pid, struct entry_process *ret_process)
{
    struct entry_process process = {0};
    int status = status_read(pid, &process);

    if (status == 0)
        status = program_read(pid, &process);
    if (status == 0)
        status = maps_read(pid, &process);
    if (status == 0)
        status = auxv_read(pid, &process);
    if (status == 0)
        *ret_process = process;
    return status;
}

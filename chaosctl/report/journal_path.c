/* Where journals lie.  Floor 4. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/report/journal.h"

/* The XDG base directory specification: a relative path is to be ignored. */
int journal_folder(char **ret_path)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    cleanup_buf struct buf path = {0};

    if (state && *state == '/')
        buf_printf(&path, "%s/chaosctl", state);
    else if (home && *home == '/')
        buf_printf(&path, "%s/.local/state/chaosctl", home);
    else
        return -ENOENT;
    *ret_path = buf_steal(&path);
    return *ret_path ? 0 : -ENOMEM;
}

static bool is_journal(const char *name)
{
    size_t len = strlen(name);

    return len > 6 && !strcmp(name + len - 6, ".jsonl");
}

static bool is_newer(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static int newest_in(const char *folder, DIR *dir, char **ret_path)
{
    cleanup_free char *best = NULL;
    struct timespec best_time = {0};
    struct stat st;

    for (const struct dirent *entry; (entry = readdir(dir));) {
        cleanup_free char *path = NULL;
        if (!is_journal(entry->d_name))
            continue;
        if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
            return -ENOMEM;
        if (stat(path, &st) || !S_ISREG(st.st_mode) || (best && !is_newer(&st.st_mtim, &best_time)))
            continue;
        free(best);
        best = steal(&path);
        best_time = st.st_mtim;
    }
    *ret_path = steal(&best);
    return *ret_path ? 0 : -ENOENT;
}

int journal_last(char **ret_path)
{
    cleanup_free char *folder = NULL;
    int r = journal_folder(&folder);
    DIR *dir = r ? NULL : opendir(folder);

    if (!dir)
        return r ? r : -errno;
    r = newest_in(folder, dir, ret_path);
    closedir(dir);
    return r;
}

/* How processes are brought in, and words for what stood in the way.  Floor 3. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/control_area.h"
#include "chaosctl/run/rundir.h"
#include "injectors/handshake.h"

#define SHIM_NAME "libchaosctl.so"

/* --- the shim's path --- */

static char *readable(const char *path)
{
    char *whole = realpath(path, NULL);

    if (!whole || !access(whole, R_OK))
        return whole;
    free(whole);
    return NULL;
}

int control_shim(char **ret_path)
{
    static const char *const places[] = {"", "../lib/chaosctl/"};
    const char *given = getenv("CHAOSCTL_SHIM");
    char self[PATH_MAX], path[PATH_MAX + 64];

    if (given && *given) {
        *ret_path = readable(given);
        return *ret_path ? 0 : -errno;
    }
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len < 0)
        return -errno;
    while (len > 0 && self[len - 1] != '/')
        len--;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        snprintf(path, sizeof(path), "%.*s%s" SHIM_NAME, (int)len, self, places[i]);
        *ret_path = readable(path);
        if (*ret_path)
            return 0;
    }
    return -ENOENT;
}

/* --- the environment --- */

/* Is path one of the entries of a list as ld.so reads it: separated by colons and blanks? */
static bool is_listed(const char *list, const char *path)
{
    size_t len = strlen(path);

    for (const char *p = list; *(p += strspn(p, ": ")); p += strcspn(p, ": "))
        if (strcspn(p, ": ") == len && !strncmp(p, path, len))
            return true;
    return false;
}

char *control_preload(const char *theirs, const char *shim)
{
    struct buf list = {0};

    if (theirs && *theirs)
        buf_add(&list, theirs);
    if (theirs && is_listed(theirs, shim))
        return buf_steal(&list);
    if (list.len)
        buf_add_char(&list, ':');
    buf_add(&list, shim);
    return buf_steal(&list);
}

static int make_preload(struct control *control)
{
    cleanup_free char *shim = NULL;
    int error = control_shim(&shim);

    if (error)
        return error;
    if (strpbrk(shim, ": "))
        return -EINVAL;
    control->preload = control_preload(getenv("LD_PRELOAD"), shim);
    return control->preload ? 0 : -ENOMEM;
}

int control_env(struct control *control, int service, struct pair ret_env[static CONTROL_ENV])
{
    int error = control->preload ? 0 : make_preload(control);
    char *index = service < 0 ? "" : control->service_texts[service % SERVICE_MAX];

    if (error)
        return error;
    if (service >= SERVICE_MAX)
        return -ERANGE;
    if (service >= 0)
        snprintf(index, sizeof(control->service_texts[0]), "%d", service % SERVICE_MAX);
    ret_env[0] = (struct pair){"LD_PRELOAD", control->preload};
    ret_env[1] = (struct pair){HANDSHAKE_CONTROL, control->path};
    ret_env[2] = (struct pair){HANDSHAKE_SERVICE, index};
    return 0;
}

/* --- words --- */

static const struct {
    int error;
    const char *words; /* %s is the folder of all runs */
} explanations[] = {
    {ENOTDIR, "%s is a link or no folder; remove it, or set XDG_RUNTIME_DIR to a private folder of yours"},
    {ELOOP, "%s is a link; remove it, or set XDG_RUNTIME_DIR to a private folder of yours"},
    {EPERM, "%s belongs to another user; set XDG_RUNTIME_DIR to a private folder of yours"},
    {EACCES, "%s must have mode 0700 and be writable; try `chmod 700` on it"},
    {ENOSPC, "there is no room left in %s"},
    {EDQUOT, "there is no room left in %s for this user"},
    {EROFS, "%s is on a read-only file system; set XDG_RUNTIME_DIR to a private folder of yours"},
    {EINVAL, "the path of " SHIM_NAME
             " has a space or a colon in it, which LD_PRELOAD cannot say; install it elsewhere, "
             "or name a copy in CHAOSCTL_SHIM"},
    {ENOENT, SHIM_NAME " is neither beside this program nor in ../lib/chaosctl; name it in CHAOSCTL_SHIM"},
    {E2BIG, "the dependencies have too many addresses for one run"},
    {EMFILE, "too few file descriptors are allowed (ulimit -n)"},
};

void control_explain(int error, struct buf *ret_text)
{
    cleanup_free char *base = rundir_base();

    for (size_t i = 0; i < sizeof(explanations) / sizeof(*explanations); i++) {
        const char *words = explanations[i].words, *hole = strstr(words, "%s");
        if (explanations[i].error != -error)
            continue;
        buf_add_n(ret_text, words, hole ? (size_t)(hole - words) : strlen(words));
        if (hole)
            buf_printf(ret_text, "%s%s", base ? base : "the folder of runs", hole + 2);
        return;
    }
    buf_printf(ret_text, "%s: %s", base ? base : "the folder of runs", strerror(-error));
}

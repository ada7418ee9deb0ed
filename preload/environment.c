/* Keeping and restoring it.  Floor 1. */
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <string.h>

#include "injectors/handshake.h"
#include "preload/environment.h"
#include "preload/shim.h"

#define PRELOAD "LD_PRELOAD"

static char control_kept[PATH_MAX + 32], service_kept[64], preload_kept[PATH_MAX + 32];

const char *environment_find(char *const *list, const char *name)
{
    size_t len = strlen(name);

    for (; list && *list; list++)
        if (strnlen(*list, len + 1) > len && !memcmp(*list, name, len) && (*list)[len] == '=')
            return *list + len + 1;
    return NULL;
}

static void keep(char *to, size_t size, const char *name, const char *value)
{
    size_t name_len = strlen(name), len = value ? strlen(value) : 0;

    if (!len || name_len + 1 + len >= size)
        return;
    memcpy(to, name, name_len);
    to[name_len] = '=';
    memcpy(to + name_len + 1, value, len + 1);
}

/* As the loader was told to find us. */
static const char *own_path(void)
{
    struct dl_find_object found;

    return _dl_find_object((void *)own_path, &found) ? NULL : found.dlfo_link_map->l_name;
}

void environment_keep(const char *area, const char *service)
{
    keep(control_kept, sizeof(control_kept), HANDSHAKE_CONTROL, area);
    keep(service_kept, sizeof(service_kept), HANDSHAKE_SERVICE, service);
    keep(preload_kept, sizeof(preload_kept), PRELOAD, own_path());
}

static const char *kept_path(void)
{
    return preload_kept + sizeof(PRELOAD);
}

/* Is it one of the entries, separated by colons and blanks? */
static bool is_preloaded(const char *list)
{
    size_t len = strlen(kept_path());

    for (const char *p = list; p && *p; p += strcspn(p, ": "), p += strspn(p, ": "))
        if (strcspn(p, ": ") == len && !memcmp(p, kept_path(), len))
            return true;
    return false;
}

bool environment_is_lost(char *const *list)
{
    if (!shim_is_in_run() || !*control_kept || !*preload_kept)
        return false;
    return !environment_find(list, HANDSHAKE_CONTROL) || !is_preloaded(environment_find(list, PRELOAD));
}

/* Theirs first, then ours. */
static bool append(struct environment *room, const char *theirs)
{
    size_t len = strlen(theirs), own = strlen(kept_path());

    if (sizeof(PRELOAD) + len + 1 + own >= sizeof(room->preload))
        return false;
    keep(room->preload, sizeof(room->preload), PRELOAD, theirs);
    char *end = room->preload + sizeof(PRELOAD) + len;
    *end = ':';
    memcpy(end + 1, kept_path(), own + 1);
    return true;
}

static char *preload_for(struct environment *room, const char *theirs)
{
    if (!theirs || !*theirs)
        return preload_kept;
    return append(room, theirs) ? room->preload : NULL;
}

static bool is_preload(const char *variable)
{
    return strnlen(variable, sizeof(PRELOAD)) == sizeof(PRELOAD) &&
           !memcmp(variable, PRELOAD "=", sizeof(PRELOAD));
}

char *const *environment_restore(struct environment *room, char *const *list)
{
    const char *theirs = environment_find(list, PRELOAD);
    char *preload = is_preloaded(theirs) ? NULL : preload_for(room, theirs);
    size_t count = 0;

    if (!is_preloaded(theirs) && !preload)
        return NULL;
    for (char *const *one = list; one && *one; one++) {
        if (preload && is_preload(*one))
            continue;
        if (count == ENVIRONMENT_MAX)
            return NULL;
        room->variables[count++] = *one;
    }
    if (preload)
        room->variables[count++] = preload;
    if (!environment_find(list, HANDSHAKE_CONTROL))
        room->variables[count++] = control_kept;
    if (*service_kept && !environment_find(list, HANDSHAKE_SERVICE))
        room->variables[count++] = service_kept;
    room->variables[count] = NULL;
    return room->variables;
}

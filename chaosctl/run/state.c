/* Writing and reading state.json.  Floor 3. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/state.h"

#define FILE_NAME    "state.json"
#define TEMPORARY    "state.json.new"
#define NAME_MAX_RUN 64

static void clean_json(json_t **json)
{
    json_decref(*json);
}
#define cleanup_json __attribute__((cleanup(clean_json)))

/* --- writing --- */

static json_t *service_json(const struct state_service *s, size_t index)
{
    return json_pack("{s:i, s:s, s:b, s:I, s:I}", "index", (int)index, "name", s->name, "join", s->join,
                     "pid", (json_int_t)s->pid, "birth", (json_int_t)s->birth);
}

static json_t *state_json(const struct state *state)
{
    json_t *services = json_array();

    for (size_t i = 0; i < state->services_count; i++)
        json_array_append_new(services, service_json(&state->services[i], i));
    return json_pack("{s:s, s:s, s:I, s:I, s:s*, s:o}", "run", state->run, "started", state->started, "pid",
                     (json_int_t)state->pid, "birth", (json_int_t)state->birth, "control", state->control,
                     "services", services);
}

/* In one write: jansson's own makes one per token. */
static int write_text(int fd, const char *text)
{
    size_t len = strlen(text);
    ssize_t written = write(fd, text, len);

    if (written < 0)
        return -errno;
    return (size_t)written == len ? 0 : -ENOSPC;
}

int state_write(int folder_fd, const struct state *state)
{
    cleanup_json json_t *json = state_json(state);
    cleanup_free char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
    cleanup_fd int fd =
        openat(folder_fd, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;
    if (!text)
        return -ENOMEM;
    int error = write_text(fd, text);
    if (error)
        return error;
    return renameat(folder_fd, TEMPORARY, folder_fd, FILE_NAME) ? -errno : 0;
}

/* --- reading --- */

static const char *text_of(const json_t *json, const char *key, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(json, key));

    return text ? arena_copy(arena, text) : NULL;
}

static int64_t number_of(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

static int services_of(const json_t *array, struct arena *arena, struct state *state)
{
    size_t i;
    json_t *json;

    json_array_foreach(array, i, json)
    {
        struct state_service *s = arena_push(arena, &state->services, &state->services_count, sizeof(*s));
        if (!s)
            return -ENOMEM;
        s->name = text_of(json, "name", arena);
        s->join = json_is_true(json_object_get(json, "join"));
        s->pid = (pid_t)number_of(json, "pid");
        s->birth = (uint64_t)number_of(json, "birth");
        if (!s->name)
            return -EBADMSG;
    }
    return 0;
}

static int state_of(const json_t *json, struct arena *arena, struct state *state)
{
    state->run = text_of(json, "run", arena);
    state->started = text_of(json, "started", arena);
    state->control = text_of(json, "control", arena);
    state->pid = (pid_t)number_of(json, "pid");
    state->birth = (uint64_t)number_of(json, "birth");
    if (!state->run || !state->started || state->pid <= 0)
        return -EBADMSG;
    return services_of(json_object_get(json, "services"), arena, state);
}

static bool is_plain_name(const char *run)
{
    return run[0] && run[0] != '.' && !strchr(run, '/') && strlen(run) <= NAME_MAX_RUN;
}

int state_read(const char *base, const char *run, struct arena *arena, struct state *ret_state)
{
    struct state state = {0};
    const char *path = arena_printf(arena, "%s/%s/" FILE_NAME, base, run);

    state.folder = arena_printf(arena, "%s/%s", base, run);
    if (!path || !state.folder)
        return -ENOMEM;
    if (!is_plain_name(run))
        return -ENOENT;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOTDIR ? -ENOENT : -errno;
    cleanup_json json_t *json = json_loadfd(fd, 0, NULL);
    int error = json ? state_of(json, arena, &state) : -EBADMSG;
    if (!error)
        *ret_state = state;
    return error;
}

bool state_is_alive(const struct state *state)
{
    return state->birth && process_birth(state->pid) == state->birth;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int state_list(const char *base, struct arena *arena, struct state **ret_states, size_t *ret_count)
{
    struct dirent **entries = NULL;
    struct state *states = NULL;
    size_t count = 0;
    int error = 0, n = scandir(base, &entries, NULL, by_name);

    if (n < 0)
        return errno == ENOENT ? (*ret_count = 0, 0) : -errno;
    for (int i = 0; i < n; i++) {
        struct state state;
        if (!error && !state_read(base, entries[i]->d_name, arena, &state)) {
            struct state *place = arena_push(arena, &states, &count, sizeof(state));
            error = place ? 0 : -ENOMEM;
            if (place)
                *place = state;
        }
        free(entries[i]);
    }
    free(entries);
    *ret_states = states;
    *ret_count = count;
    return error;
}

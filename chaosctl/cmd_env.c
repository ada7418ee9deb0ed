/* chaosctl env: the variables that bring a process started elsewhere into a run.  Floor 5. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/suggest.h"
#include "chaosctl/command.h"
#include "chaosctl/run/control.h"
#include "chaosctl/runs.h"
#include "injectors/handshake.h"

enum { OPTION_SERVICE = 1, OPTION_JSON };

static const struct option_row rows[] = {
    {OPTION_SERVICE, 's', "service", "NAME",
     "the service that the process is; the only one with `join` unless given"},
    {OPTION_JSON, 'j', "json", NULL, "print a JSON object instead of lines for sh"},
    {0},
};

static int env_run(int argc, char **argv);

const struct command command_env = {
    .name = "env",
    .operands = "[RUN]",
    .summary = "Print the variables that bring a process started elsewhere into a run",
    .details = "  eval \"$(chaosctl env)\"; ./server\n\n"
               "RUN may be left out when only one is under way.  The process must run as the same user, on "
               "the same host.",
    .options = rows,
    .run = env_run,
};

#define ENV_MAX 3

struct request {
    const char *run, *service; /* NULL: not given */
    bool json;
};

static int failed(int error, const char *what)
{
    cleanup_buf struct buf why = {0};

    control_explain(error, &why);
    fprintf(stderr, "chaosctl env: %s: %s\n", what, buf_text(&why));
    return EXIT_TOOL;
}

/* --- which service: its index, -1 for none, -2 when it cannot be told --- */

static int unknown_service(const struct state *state, const char *name)
{
    const char *names[64];
    size_t n = 0;

    for (; n < state->services_count && n < 64; n++)
        names[n] = state->services[n].name;
    const char *near = suggest(name, names, n);
    fprintf(stderr, "chaosctl env: run %s has no service \"%s\"", state->run, name);
    fprintf(stderr, near ? " (did you mean \"%s\"?)\n" : "\n", near);
    return -2;
}

/* Its process has the variables already; another with the same index would be taken for it. */
static int started_by_run(const struct state *state, const char *name)
{
    const char *separator = "these join: ";

    fprintf(stderr, "chaosctl env: %s is started by the run; ", name);
    for (size_t i = 0; i < state->services_count; i++) {
        if (!state->services[i].join)
            continue;
        fprintf(stderr, "%s%s", separator, state->services[i].name);
        separator = ", ";
    }
    fputs(*separator == ',' ? "\n" : "no service joins\n", stderr);
    return -2;
}

static int choose_service(const struct state *state, const char *name)
{
    int chosen = -1, joined = 0;

    for (size_t i = 0; i < state->services_count; i++) {
        if (name ? strcmp(name, state->services[i].name) : !state->services[i].join)
            continue;
        chosen = (int)i;
        joined++;
    }
    if (name && chosen < 0)
        return unknown_service(state, name);
    if (name && !state->services[chosen].join)
        return started_by_run(state, name);
    if (joined < 2)
        return chosen;
    fputs("chaosctl env: several services join; say which with --service:\n", stderr);
    for (size_t i = 0; i < state->services_count; i++)
        if (state->services[i].join)
            fprintf(stderr, "  %s\n", state->services[i].name);
    return -2;
}

/* --- printing --- */

/* In single quotes, which quote all but themselves. */
static void print_export(const struct pair *pair)
{
    printf("export %s='", pair->name);
    for (const char *p = pair->value; *p; p++)
        fputs(*p == '\'' ? "'\\''" : (char[]){*p, '\0'}, stdout);
    puts("'");
}

static int print_json(const struct pair *env, size_t count)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, env[i].name, json_string(env[i].value));
    int bad = json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
    return bad ? EXIT_TOOL : EXIT_PASS;
}

static int print_variables(const struct request *r, const struct state *state)
{
    cleanup_free char *shim = NULL, *preload = NULL;
    char index[12];
    int service = choose_service(state, r->service);
    int error = service == -2 ? 0 : control_shim(&shim);

    if (service == -2)
        return EXIT_USAGE;
    if (!error && strpbrk(shim, ": "))
        error = -EINVAL;
    if (error)
        return failed(error, "cannot enter a process");
    preload = control_preload(getenv("LD_PRELOAD"), shim);
    if (!preload)
        return failed(-ENOMEM, "cannot enter a process");
    snprintf(index, sizeof(index), "%d", service);
    const struct pair env[ENV_MAX] = {
        {"LD_PRELOAD", preload}, {HANDSHAKE_CONTROL, state->control}, {HANDSHAKE_SERVICE, index}};
    size_t count = service < 0 ? ENV_MAX - 1 : ENV_MAX;
    if (r->json)
        return print_json(env, count);
    for (size_t i = 0; i < count; i++)
        print_export(&env[i]);
    return EXIT_PASS;
}

static int answer(const struct request *r)
{
    const struct state *state = NULL;
    struct runs runs;
    int code = runs_find(&command_env, false, &runs);

    if (code)
        return code;
    code = runs_choose(&runs, r->run, &state);
    if (!code)
        code = print_variables(r, state);
    runs_free(&runs);
    return code;
}

static int env_run(int argc, char **argv)
{
    struct options o = options_of(&command_env, argc, argv);
    struct request r = {0};

    for (int id; (id = option_next(&o)) > 0;) {
        if (id == OPTION_SERVICE)
            r.service = o.value;
        else
            r.json = true;
    }
    if (o.done)
        return o.status;
    if (o.operand_count > 1)
        return usage_error(&command_env, "one RUN at most");
    r.run = o.operand_count ? o.operands[0] : NULL;
    return answer(&r);
}

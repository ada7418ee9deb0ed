/* What a run tells of itself.  Floor 3. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/drill_flow.h"
#include "chaosctl/run/internal.h"

#define PROCESSES_MAX 128 /* told of one service; `processes` counts all */

static const char *name_of(pid_t pid, char name[static 64])
{
    char path[64];
    cleanup_file FILE *file = NULL;

    snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    snprintf(name, 64, "?");
    file = fopen(path, "re");
    if (file && fgets(name, 64, file))
        name[strcspn(name, "\n")] = '\0';
    return name;
}

/* How long ago it took the control area in; a process may be told about before that: -1. */
static double in_for_s(const struct run *run, pid_t pid)
{
    const struct table *table = control_table(run->control);
    uint64_t now_ns = now_mono_ns();

    for (size_t i = 0; table && i < SLOT_MAX; i++) {
        const struct slot *slot = &table->slots[i];
        if ((pid_t)atomic_load(&slot->pid) == pid && slot->joined_ns && slot->joined_ns <= now_ns)
            return (double)(now_ns - slot->joined_ns) / 1e9;
    }
    return -1;
}

/* The name of a file or of a command may be anything; JSON is UTF-8. */
static json_t *string_of(const char *text)
{
    json_t *string = json_string(text);

    return string ? string : json_string("?");
}

static json_t *process_json(const struct run *run, pid_t pid)
{
    char name[64];
    json_t *json = json_pack("{s:i}", "pid", (int)pid);
    double in_s = in_for_s(run, pid);

    json_object_set_new(json, "command", string_of(name_of(pid, name)));
    if (in_s >= 0)
        json_object_set_new(json, "in_s", json_real(in_s));
    return json;
}

static json_t *service_json(struct run *run, size_t index)
{
    const struct service *service = &run->scenario->services[index];
    pid_t pids[PIDS_MAX];
    size_t count = run->services ? services_pids(run->services, index, pids, PIDS_MAX) : 0;
    json_t *processes = json_array();

    for (size_t i = 0; i < count && i < PROCESSES_MAX; i++)
        json_array_append_new(processes, process_json(run, pids[i]));
    return json_pack("{s:s, s:b, s:b, s:I, s:o}", "name", service->name, "join", service->join, "alive",
                     count > 0, "processes_count", (json_int_t)count, "processes", processes);
}

/* Of a fault of the cell: until the hold ends; it may be told no better. */
static double left_s(const struct run *run, const struct injection *in)
{
    uint64_t now_ns = now_mono_ns();
    uint64_t left_ns = in->until_ns > now_ns ? in->until_ns - now_ns : 0;

    return (double)(in->live ? left_ns : phase_left_ns(run, now_ns)) / 1e9;
}

static json_t *targets_json(const struct run *run, const struct fault *fault)
{
    const struct scenario *s = run->scenario;
    json_t *names = json_array();

    for (size_t i = 0; i < s->dependencies_count; i++)
        if (fault->targets & 1u << i)
            json_array_append_new(names, json_string(s->dependencies[i].name));
    return names;
}

static json_t *fault_json(struct run *run, struct injection *in)
{
    injection_count(in);
    return json_pack("{s:I, s:s, s:s, s:o, s:b, s:I, s:I, s:f}", "id", (json_int_t)in->id, "fault",
                     in->fault->text, "kind", fault_name(in->fault->kind), "targets",
                     targets_json(run, in->fault), "live", in->live, "matches", (json_int_t)in->matches,
                     "hits", (json_int_t)in->hits, "left_s", left_s(run, in));
}

static json_t *faults_json(struct run *run)
{
    json_t *faults = json_array();
    struct injection *in;

    for (size_t i = 0; (in = inject_at(run, i)); i++)
        if (!in->lifted)
            json_array_append_new(faults, fault_json(run, in));
    return faults;
}

json_t *drill_status(struct run *run)
{
    const struct course *c = &run->course;
    json_t *services = json_array();

    for (size_t i = 0; i < run->scenario->services_count; i++)
        json_array_append_new(services, service_json(run, i));
    return json_pack("{s:b, s:s, s:o, s:o, s:i, s:b, s:s, s:s, s:s, s:f, s:b, s:b, s:o, s:o, s:o, s:o, s:o}",
                     "ok", 1, "run", control_run(run->control), "scenario", string_of(run->scenario->name),
                     "file", string_of(run->scenario->path), "pid", (int)getpid(), "hold", run->options.hold,
                     "experiment", c->cell->experiment, "label", c->cell->label, "phase",
                     phase_name(c->phase), "for_s", (double)(now_mono_ns() - c->started_ns) / 1e9, "halted",
                     run->halted, "waiting", c->is_waiting && !c->was_told, "services", services, "faults",
                     faults_json(run), "dependencies", drill_dependencies(run), "loads", drill_loads(run),
                     "deeds", drill_deeds(run));
}

/* What a run does when it is asked to.  Floor 3. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/run/drill_request.h"
#include "chaosctl/run/drill_server.h"
#include "chaosctl/run/halt.h"
#include "chaosctl/run/internal.h"
#include "chaosctl/scenario/limits.h"

/* Seeds of live faults: apart from those of any cell's own. */
#define LIVE_DRAW UINT64_C(0x6c697665)

struct asked {
    struct run *run;
    const struct drill_peer *peer;
    const struct drill_request *request;
};

static json_t *refusal(const char *why)
{
    return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

static json_t *refusal_of(int error, const struct buf *why)
{
    if (error == -EINVAL && why->len)
        return refusal(buf_text(why));
    return refusal(error == -ENOSPC ? "256 faults are active already" : strerror(-error));
}

static struct deed deed_of(const struct asked *a, const char *what)
{
    return (struct deed){.what = what,
                         .uid = a->peer->uid,
                         .pid = (uint64_t)a->peer->pid,
                         .user = a->request->user,
                         .terminal = a->request->terminal};
}

/* --- inject and lift --- */

/* Said to people and in the journal: with it, `--seed` decides the same again. */
static uint64_t seed_of(const struct asked *a)
{
    if (a->request->has_seed)
        return a->request->seed;
    return rule_draw(a->run->scenario->seed ^ LIVE_DRAW, a->run->injected);
}

static json_t *inject(const struct asked *a)
{
    cleanup_buf struct buf why = {0};
    struct injection *in = NULL;
    struct deed deed = deed_of(a, a->request->dry ? "rehearse" : "inject");

    drill_heed_halt(a->run); /* as it is now, not as it was at the last tick */
    const char *obstacle = live_obstacle(a->run);
    if (obstacle)
        return refusal(obstacle);
    if (limits_refuse_user(a->run->scenario, a->peer->uid, &why))
        return refusal(buf_text(&why));
    deed.seed = seed_of(a);
    const struct wish wish = {a->request->text, a->request->for_ns, deed.seed, a->request->dry};
    int error = live_inject(a->run, &wish, &why, &in);
    if (error)
        return refusal_of(error, &why);
    deed.fault = in->id;
    deed.text = in->fault->text;
    deed.spec = a->request->text;
    deed.for_ns = in->for_ns;
    deed_note(a->run, &deed);
    return json_pack("{s:b, s:I, s:s}", "ok", 1, "id", (json_int_t)in->id, "fault", in->fault->text);
}

static bool is_meant(const struct asked *a, const struct injection *in)
{
    return !in->lifted && (!a->request->id || a->request->id == in->id);
}

/* The rules of all of them first: what is written about each takes its time. */
static size_t lift_those(const struct asked *a)
{
    struct injection *in;
    size_t lifted = 0;

    for (size_t i = 0; (in = inject_at(a->run, i)); i++)
        if (is_meant(a, in) && in->rule >= 0)
            control_lift(a->run->control, (uint32_t)in->rule);
    for (size_t i = 0; (in = inject_at(a->run, i)); i++) {
        struct deed deed = deed_of(a, "lift");
        if (!is_meant(a, in))
            continue;
        injection_lift(in);
        deed.fault = in->id;
        deed.text = in->fault->text;
        deed_note(a->run, &deed);
        lifted++;
    }
    return lifted;
}

static json_t *lift(const struct asked *a)
{
    size_t lifted = lift_those(a);

    if (!lifted && a->request->id)
        return refusal("no fault of that number is active");
    return json_pack("{s:b, s:I}", "ok", 1, "lifted", (json_int_t)lifted);
}

/* --- the rest --- */

static json_t *status(const struct asked *a)
{
    return drill_status(a->run);
}

static json_t *note(const struct asked *a)
{
    struct deed deed = deed_of(a, "note");

    deed.text = a->request->text;
    deed_note(a->run, &deed);
    return json_pack("{s:b}", "ok", 1);
}

static json_t *go_on(const struct asked *a)
{
    struct course *c = &a->run->course;
    struct deed deed = deed_of(a, "continue");

    if (!c->is_waiting || c->was_told)
        return refusal("it waits for nobody");
    c->was_told = true;
    deed.text = c->cell->experiment;
    deed_note(a->run, &deed);
    return json_pack("{s:b, s:s}", "ok", 1, "experiment", c->cell->experiment);
}

/* A hold ends as it is meant to, once it holds; anything else is stopped. */
static json_t *down(const struct asked *a)
{
    struct run *run = a->run;
    struct deed deed = deed_of(a, "down");

    deed_note(run, &deed);
    if (run->options.hold && run->course.phase == PHASE_DURING)
        run->hold_is_over = true;
    else if (!run->aborted)
        run_abort(run, run_text(run, "taken down by %s (uid %u)", deed.user ? deed.user : "?",
                                (unsigned)a->peer->uid));
    return json_pack("{s:b}", "ok", 1);
}

typedef json_t *do_fn(const struct asked *asked);

static do_fn *const doers[DRILL_ASK_COUNT] = {
    [DRILL_STATUS] = status, [DRILL_INJECT] = inject,  [DRILL_LIFT] = lift,
    [DRILL_NOTE] = note,     [DRILL_CONTINUE] = go_on, [DRILL_DOWN] = down,
};

static json_t *answer_to(struct run *run, const struct drill_peer *peer, const char *line, size_t len)
{
    struct arena *arena = arena_new();
    struct drill_request request;
    const char *why = "out of memory";
    int error = arena ? drill_request_read(line, len, arena, &request, &why) : -ENOMEM;
    const struct asked asked = {run, peer, &request};
    json_t *answer = error ? refusal(why) : doers[request.ask](&asked);

    arena_free(arena);
    return answer;
}

static void answer(void *arg, const struct drill_peer *peer, const char *line, size_t len, struct buf *ret)
{
    json_t *json = answer_to(arg, peer, line, len);
    cleanup_free char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    buf_add(ret, text ? text : "{\"ok\":false,\"error\":\"out of memory\"}");
}

/* A run that nobody can ask is a run all the same: an old kernel, no /proc. */
int drill_open(struct run *run)
{
    run->halt = halt_path();
    if (!run->halt)
        return -ENOMEM;
    if (halt_in_force(run->halt))
        return -ECANCELED;
    int error = drill_server_open(run->loop, control_folder_fd(run->control), answer, run, &run->server);
    return error == -ENOMEM ? error : 0;
}

void drill_close(struct run *run)
{
    drill_server_close(run->server);
    run->server = NULL;
    free(run->halt);
    run->halt = NULL;
}

/* --- halt --- */

static void begin_halt(struct run *run, const char *file)
{
    run->halted = true;
    control_expire(run->control);
    if (run->options.hold)
        live_lift_all(run);
    deed_note(run, &(struct deed){.what = "halt", .text = file});
    const char *reason = run_text(run, "halted by %s", file);
    run_judge(run, VERDICT_STOPPED, reason);
    if (!run->options.hold && !run->aborted)
        run_abort(run, reason);
}

void drill_heed_halt(struct run *run)
{
    const char *file = halt_in_force(run->halt);

    if (!file && run->halted && run->options.hold) {
        run->halted = false;
        deed_note(run, &(struct deed){.what = "resume"});
    }
    if (!file || !control_table(run->control))
        return;
    if (run->halted)
        control_expire(run->control);
    else
        begin_halt(run, file);
}

void drill_halt(struct run *run)
{
    int error = halt_set(false);

    if (!error)
        drill_heed_halt(run);
    else
        run_abort(run, run_text(run, "SIGUSR1, and the halt cannot be set: %s", strerror(-error)));
}

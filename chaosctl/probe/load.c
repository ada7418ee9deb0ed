/* Sending at intended times, whatever became of the requests before.  Floor 3.
 *
 * Requests are numbered from 0 as they are intended.  samples[] holds those from `base` on; those from `sent`
 * on wait for room among max_in_flight.  What the samples say is read in load_observe.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/check/judge.h"
#include "chaosctl/probe/load_run.h"
#include "chaosctl/probe/request_id.h"

#define RETRY_NS (10 * NS_PER_MS) /* when memory was out */

/* A request in flight.  The prober holds it as its arg. */
struct request {
    struct load_run *run;
    uint64_t number;
    struct request *next, *before;
};

static void send_waiting(struct load_run *run);
static void on_due(void *arg);

int load_new(struct loop *loop, struct prober *prober, const struct probe *probe, const struct load *load,
             struct load_run **ret_run)
{
    struct load_run *run = calloc(1, sizeof(*run));

    if (!run)
        return -ENOMEM;
    *run = (struct load_run){.loop = loop,
                             .prober = prober,
                             .probe = probe,
                             .each = load->each,
                             .each_count = load->each_count,
                             .rate_per_s = load->rate_per_s,
                             .max_in_flight = load->max_in_flight ? load->max_in_flight : UINT32_MAX,
                             .timer = {.fn = on_due, .arg = run}};
    *ret_run = run;
    return 0;
}

static void forget_request(struct request *request)
{
    if (request->next)
        request->next->before = request->before;
    *(request->before ? &request->before->next : &request->run->requests) = request->next;
    request->run->in_flight--;
    free(request);
}

void load_free(struct load_run *run)
{
    if (!run)
        return;
    loop_unset_timer(run->loop, &run->timer);
    while (run->requests) {
        prober_cancel(run->prober, run->requests);
        forget_request(run->requests);
    }
    for (size_t i = 0; i < run->errors_count; i++)
        free(run->errors[i]);
    free(run->samples);
    free(run);
}

/* --- the end of a request --- */

/* The text's number, from 1.  Texts are few, or should be: beyond ERRORS_MAX they are all "other errors". */
static uint16_t intern_error(struct load_run *run, const char *text)
{
    char cut[ERROR_TEXT_BYTES];

    snprintf(cut, sizeof(cut), "%s", run->errors_count + 1 < ERRORS_MAX ? text : "other errors");
    for (size_t i = 0; i < run->errors_count; i++)
        if (!strcmp(run->errors[i], cut))
            return (uint16_t)(i + 1);
    char *kept = run->errors_count < ERRORS_MAX ? strdup(cut) : NULL;
    if (!kept)
        return 0;
    run->errors[run->errors_count++] = kept;
    return (uint16_t)run->errors_count;
}

/* error NULL: it succeeded. */
static void finish(struct load_run *run, uint64_t number, uint16_t status, const char *error)
{
    if (number < run->base)
        return; /* forgotten */
    struct sample *sample = &run->samples[number - run->base];
    uint64_t now = now_mono_ns();
    sample->latency_ns = now > sample->intended_ns ? now - sample->intended_ns : 0;
    sample->done = true;
    sample->ok = !error;
    sample->status = status;
    sample->error = error ? intern_error(run, error) : 0;
}

/* Why the answer is no success; NULL: it is one. */
static const char *failing(const struct load_run *run, const struct answer *answer, struct buf *why)
{
    struct observation seen;

    if (!answer->ok)
        return answer->error;
    if (run->probe->kind == PROBE_HTTP && answer->status >= 400) {
        buf_printf(why, "%ld", answer->status);
        return buf_text(why);
    }
    observation_of_answer(run->probe, answer, &seen);
    enum judgement j = judge_all(run->probe->expect, run->probe->expect_count, &seen, NULL, why);
    return j == JUDGE_HOLDS ? NULL : buf_text(why);
}

static void on_answer(void *arg, const struct answer *answer)
{
    struct request *request = arg;
    struct load_run *run = request->run;
    cleanup_buf struct buf why = {0};

    finish(run, request->number, (uint16_t)answer->status, failing(run, answer, &why));
    forget_request(request);
    send_waiting(run);
}

/* --- sending --- */

static int send_one(struct load_run *run, uint64_t number)
{
    struct request *request = calloc(1, sizeof(*request));

    if (!request)
        return -ENOMEM;
    *request = (struct request){.run = run, .number = number, .next = run->requests};
    const struct probe *probe = run->each_count ? &run->each[number % run->each_count] : run->probe;
    int error = prober_ask(run->prober, probe, on_answer, request);
    if (error) {
        free(request);
        return error;
    }
    run->samples[number - run->base].id = prober_ids(run->prober)->last;
    if (request->next)
        request->next->before = request;
    run->requests = request;
    run->in_flight++;
    return 0;
}

static uint64_t intended_count(const struct load_run *run)
{
    return run->base + run->count;
}

static void send_waiting(struct load_run *run)
{
    while (run->in_flight < run->max_in_flight && run->sent < intended_count(run)) {
        uint64_t number = run->sent++;
        int error = send_one(run, number);
        if (error)
            finish(run, number, 0, strerror(-error));
    }
}

static uint64_t due_ns(const struct load_run *run, uint64_t number)
{
    return run->started_ns + (uint64_t)((double)(number - run->first) * 1e9 / run->rate_per_s);
}

static struct sample *add_sample(struct load_run *run)
{
    if (run->count == run->capacity) {
        size_t capacity = run->capacity ? 2 * run->capacity : 256;
        struct sample *larger = realloc(run->samples, capacity * sizeof(*larger));
        if (!larger)
            return NULL;
        run->samples = larger;
        run->capacity = capacity;
    }
    return &run->samples[run->count++];
}

/* All that are due: after a stall that is many at once, each with its own intended time. */
static void on_due(void *arg)
{
    struct load_run *run = arg;
    uint64_t now = now_mono_ns(), due;

    while ((due = due_ns(run, intended_count(run))) <= now) {
        struct sample *sample = add_sample(run);
        if (!sample) {
            due = now + RETRY_NS; /* none is lost: the intended times stay */
            break;
        }
        *sample = (struct sample){.intended_ns = due};
    }
    send_waiting(run);
    loop_set_timer(run->loop, &run->timer, due);
}

void load_start(struct load_run *run)
{
    run->started_ns = now_mono_ns();
    if (!run->began_ns)
        run->began_ns = run->started_ns;
    run->first = intended_count(run);
    loop_set_timer(run->loop, &run->timer, run->started_ns);
}

void load_stop(struct load_run *run)
{
    loop_unset_timer(run->loop, &run->timer);
    while (run->sent < intended_count(run))
        finish(run, run->sent++, 0, "not sent: too many in flight");
}

void load_forget(struct load_run *run, uint64_t before_ns)
{
    size_t gone = load_index(run, before_ns);

    memmove(run->samples, run->samples + gone, (run->count - gone) * sizeof(*run->samples));
    run->base += gone;
    run->count -= gone;
    if (run->sent < run->base)
        run->sent = run->base;
}

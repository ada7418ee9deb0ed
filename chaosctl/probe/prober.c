/* What is under way: its deadline, its end, the delivery of its answer.  Floor 3.
 *
 * Every answer is delivered by a timer of its own, from the loop and from nowhere else: a callback may then
 * do anything, and no way of asking has to be ready to be freed in its middle. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/probe/tally.h"
#include "chaosctl/probe/way.h"

static const struct probe_way *const ways[PROBE_KIND_COUNT] = {
    [PROBE_HTTP] = &probe_way_http,
    [PROBE_TCP] = &probe_way_tcp,
    [PROBE_EXEC] = &probe_way_exec,
};

struct prober {
    struct loop *loop;
    const char *dir;
    struct multi *multi;
    struct request_ids ids;
    struct asking *askings;
    size_t in_flight;
    struct tallies tallies;
};

int prober_new(struct loop *loop, const char *dir, struct prober **ret_prober)
{
    struct prober *prober = calloc(1, sizeof(*prober));

    if (!prober)
        return -ENOMEM;
    prober->loop = loop;
    prober->dir = dir;
    int error = request_ids_init(&prober->ids);
    if (!error)
        error = multi_new(loop, &prober->multi);
    if (error) {
        free(prober);
        return error;
    }
    *ret_prober = prober;
    return 0;
}

struct loop *prober_loop(const struct prober *prober)
{
    return prober->loop;
}

const char *prober_dir(const struct prober *prober)
{
    return prober->dir;
}

struct multi *prober_multi(const struct prober *prober)
{
    return prober->multi;
}

const struct request_ids *prober_ids(const struct prober *prober)
{
    return &prober->ids;
}

size_t prober_in_flight(const struct prober *prober)
{
    return prober->in_flight;
}

const struct tallies *prober_tallies(const struct prober *prober)
{
    return &prober->tallies;
}

static void link_asking(struct prober *prober, struct asking *asking)
{
    asking->next = prober->askings;
    if (asking->next)
        asking->next->before = asking;
    prober->askings = asking;
    prober->in_flight++;
}

static void unlink_asking(struct asking *asking)
{
    struct prober *prober = asking->prober;

    if (asking->next)
        asking->next->before = asking->before;
    *(asking->before ? &asking->before->next : &prober->askings) = asking->next;
    prober->in_flight--;
}

static void deliver(void *arg)
{
    struct asking *asking = arg;
    const struct probe_way *way = asking->way;

    unlink_asking(asking);
    way->fill(asking, &asking->answer);
    tally_answer(&asking->prober->tallies, asking->probe, &asking->answer);
    asking->fn(asking->arg, &asking->answer);
    way->release(asking);
    free(asking);
}

static void time_out(void *arg)
{
    struct asking *asking = arg;
    char text[UNIT_TEXT_BYTES];

    asking_finish(asking, "timed out after %s", unit_format_duration(asking->probe->timeout_ns, text));
}

void asking_finish(struct asking *asking, const char *format, ...)
{
    struct answer *answer = &asking->answer;
    va_list args;

    if (asking->finished)
        return;
    asking->finished = true;
    answer->latency_ns = now_mono_ns() - answer->started_ns;
    answer->ok = !format;
    if (format) {
        va_start(args, format);
        vsnprintf(asking->error, sizeof(asking->error), format, args);
        va_end(args);
        answer->error = asking->error;
    }
    asking->way->stop(asking);
    asking->timer.fn = deliver;
    loop_set_timer(asking->prober->loop, &asking->timer, now_mono_ns());
}

static int begin(struct asking *asking)
{
    struct prober *prober = asking->prober;

    asking->answer =
        (struct answer){.started_ns = now_mono_ns(), .exit_code = -1, .body = "", .stderr_text = ""};
    request_id_text(&prober->ids, ++prober->ids.last, asking->id);
    asking->timer = (struct timer){.fn = time_out, .arg = asking};
    loop_set_timer(prober->loop, &asking->timer, asking->answer.started_ns + asking->probe->timeout_ns);
    int error = asking->way->start(asking);
    if (error)
        loop_unset_timer(prober->loop, &asking->timer);
    return error;
}

int prober_ask(struct prober *prober, const struct probe *probe, answer_fn *fn, void *arg)
{
    struct asking *asking = probe->kind < PROBE_KIND_COUNT ? calloc(1, sizeof(*asking)) : NULL;

    if (!asking)
        return probe->kind < PROBE_KIND_COUNT ? -ENOMEM : -EINVAL;
    asking->prober = prober;
    asking->probe = probe;
    asking->way = ways[probe->kind];
    asking->fn = fn;
    asking->arg = arg;
    int error = begin(asking);
    if (error) {
        free(asking);
        return error;
    }
    link_asking(prober, asking);
    return 0;
}

static void cancel(struct asking *asking)
{
    loop_unset_timer(asking->prober->loop, &asking->timer);
    if (!asking->finished)
        asking->way->stop(asking);
    asking->way->release(asking);
    unlink_asking(asking);
    free(asking);
}

size_t prober_cancel(struct prober *prober, const void *arg)
{
    size_t count = 0;

    for (struct asking *asking = prober->askings, *next; asking; asking = next) {
        next = asking->next;
        if (asking->arg != arg)
            continue;
        cancel(asking);
        count++;
    }
    return count;
}

void prober_free(struct prober *prober)
{
    if (!prober)
        return;
    while (prober->askings)
        cancel(prober->askings);
    multi_free(prober->multi);
    free(prober);
}

const char *errno_words(int error, char *text, size_t size)
{
    const char *words = error == EPIPE ? "Connection reset" : strerror(error);

    if (error == ECONNRESET)
        words = "Connection reset"; /* strerror adds "by peer": as true, and longer */
    snprintf(text, size, "%s", words);
    if (text[0] && !isupper((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
    return text;
}

/* Asking one probe and keeping its answer.  For unit tests only. */
#ifndef UNIT_PROBE_ASK_H
#define UNIT_PROBE_ASK_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/probe/prober.h"

struct kept {
    struct loop *loop;
    unsigned calls;
    bool in_ask; /* prober_ask has not returned */
    bool ok;
    char error[256], body[8192], stderr_text[256], headers[1024];
    size_t body_len;
    bool body_cut;
    long status;
    int exit_code;
    uint64_t latency_ns;
};

static struct loop *loop;
static struct prober *prober;

static inline void open_prober(void)
{
    ck_assert_int_eq(loop_new(&loop), 0);
    ck_assert_int_eq(prober_new(loop, "/tmp", &prober), 0);
}

static inline void close_prober(void)
{
    prober_free(prober);
    loop_free(loop);
}

static inline void keep(void *arg, const struct answer *a)
{
    struct kept *kept = arg;
    size_t len = 0;

    ck_assert(!kept->in_ask);
    kept->calls++;
    kept->ok = a->ok;
    kept->body_len = a->body_len;
    kept->body_cut = a->body_cut;
    kept->status = a->status;
    kept->exit_code = a->exit_code;
    kept->latency_ns = a->latency_ns;
    snprintf(kept->error, sizeof(kept->error), "%s", a->error ? a->error : "");
    snprintf(kept->body, sizeof(kept->body), "%s", a->body);
    snprintf(kept->stderr_text, sizeof(kept->stderr_text), "%s", a->stderr_text);
    for (size_t i = 0; i < a->headers_count && len < sizeof(kept->headers); i++)
        len += (size_t)snprintf(kept->headers + len, sizeof(kept->headers) - len, "%s=%s;",
                                a->headers[i].name, a->headers[i].value);
    loop_stop(kept->loop);
}

static inline struct kept ask(const struct probe *probe)
{
    struct kept kept = {.loop = loop, .in_ask = true};

    ck_assert_int_eq(prober_ask(prober, probe, keep, &kept), 0);
    kept.in_ask = false;
    loop_run(loop);
    ck_assert_uint_eq(kept.calls, 1);
    return kept;
}

static inline void stop_loop(void *arg)
{
    loop_stop(arg);
}

/* Let the loop run for a while: for facts about what does not happen. */
static inline void run_for(uint64_t ns)
{
    struct timer timer = {.fn = stop_loop, .arg = loop};

    loop_set_timer(loop, &timer, now_mono_ns() + ns);
    loop_run(loop);
    loop_unset_timer(loop, &timer);
}

#endif

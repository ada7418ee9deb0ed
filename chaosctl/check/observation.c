/* An answer becomes an observation.  Floor 3. */
#include <string.h>

#include "chaosctl/check/observation.h"
#include "chaosctl/probe/prober.h"

static void set_number(struct observation *o, enum metric metric, double value)
{
    o->has[metric] = true;
    o->number[metric] = value;
}

static void set_text(struct observation *o, enum metric metric, const char *text, size_t len, bool cut)
{
    o->has[metric] = true;
    o->text[metric] = text;
    o->text_len[metric] = len;
    o->text_cut[metric] = cut;
}

static void observe_http(const struct answer *answer, struct observation *o)
{
    if (!answer->ok)
        return;
    set_number(o, METRIC_status, (double)answer->status);
    set_text(o, METRIC_body, answer->body, answer->body_len, answer->body_cut);
    set_text(o, METRIC_json, answer->body, answer->body_len, answer->body_cut);
    o->has[METRIC_headers] = true;
    o->headers = answer->headers;
    o->headers_count = answer->headers_count;
}

static void observe_exec(const struct answer *answer, struct observation *o)
{
    if (answer->exit_code < 0)
        return;
    set_number(o, METRIC_exit, answer->exit_code);
    set_text(o, METRIC_stdout, answer->body, answer->body_len, answer->body_cut);
    set_text(o, METRIC_json, answer->body, answer->body_len, answer->body_cut);
    set_text(o, METRIC_stderr, answer->stderr_text, answer->stderr_len, answer->stderr_cut);
}

void observation_of_answer(const struct probe *probe, const struct answer *answer, struct observation *ret)
{
    const char *error = answer->error ? answer->error : "";

    *ret = (struct observation){.samples = 1, .note = answer->error};
    set_number(ret, METRIC_ok, answer->ok);
    set_number(ret, METRIC_latency, (double)answer->latency_ns);
    set_text(ret, METRIC_error, error, strlen(error), false);
    if (probe->kind == PROBE_HTTP)
        observe_http(answer, ret);
    else if (probe->kind == PROBE_EXEC)
        observe_exec(answer, ret);
}

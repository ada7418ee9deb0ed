/* Asking: one probe, one answer.  Floor 3.  A probe measures; it never judges (chaosctl/check does). */
#ifndef PROBE_PROBER_H
#define PROBE_PROBER_H

#include "chaosctl/run/loop.h"
#include "chaosctl/scenario/scenario.h"

#define ANSWER_BODY_MAX (1u << 20) /* more is cut, and said */

/* What came back; valid during the callback only. */
struct answer {
    bool ok;             /* a whole answer came in time (HTTP: any status; exec: exit code 0) */
    const char *error;   /* why not: "connection refused", "timed out after 2 s"; NULL when ok */
    uint64_t started_ns; /* CLOCK_MONOTONIC */
    uint64_t latency_ns;
    long status;      /* HTTP; 0 when none came */
    int exit_code;    /* exec; 128 + signal; -1 when it did not run */
    const char *body; /* HTTP body; exec: standard output.  "" when none; terminated */
    size_t body_len;
    const char *stderr_text; /* exec */
    const struct pair *headers;
    size_t headers_count;
};

typedef void answer_fn(void *arg, const struct answer *answer);

struct prober;

/* libcurl's multi interface on our loop; connections are kept alive between probes unless fresh is asked for.
 * dir: exec probes run there.  -errno. */
int prober_new(struct loop *loop, const char *dir, struct prober **ret_prober);

/* Cancels what is under way, without callbacks; exec children are killed with their group. */
void prober_free(struct prober *prober);

/* Ask.  fn is called exactly once, later, from the loop.  Returns 0 or -errno (then fn is not called). */
int prober_ask(struct prober *prober, const struct probe *probe, answer_fn *fn, void *arg);

size_t prober_in_flight(const struct prober *prober);

#endif

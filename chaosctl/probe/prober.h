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
    int exit_code;    /* exec; 128 + signal; -1 when it did not run, or had to be killed */
    const char *body; /* HTTP body; exec: standard output.  "" when none; terminated */
    size_t body_len;
    bool body_cut;           /* there was more than ANSWER_BODY_MAX */
    const char *stderr_text; /* exec; "" when none; terminated */
    size_t stderr_len;
    bool stderr_cut;
    const struct pair *headers;
    size_t headers_count;
};

typedef void answer_fn(void *arg, const struct answer *answer);

struct prober;

/* libcurl's multi interface on our loop; connections are kept alive between probes.  A request on a kept
 * connection that the server closed meanwhile is sent again on a new one, as every HTTP client does.
 * dir: exec probes run there; borrowed.  The caller ignores SIGPIPE.  -errno. */
int prober_new(struct loop *loop, const char *dir, struct prober **ret_prober);

/* Cancels what is under way, without callbacks; exec children are killed with their group.  NULL is fine. */
void prober_free(struct prober *prober);

/* Ask.  fn is called exactly once, later, from the loop; it may ask, cancel and free the prober.  probe is
 * borrowed until then.  Names are resolved here and now for tcp (the limit: a slow resolver stalls the loop),
 * by a thread of libcurl's for http.  Returns 0 or -errno (then fn is not called). */
int prober_ask(struct prober *prober, const struct probe *probe, answer_fn *fn, void *arg);

/* Cancel all that was asked with this arg, without callbacks; returns how many.  For an arg that goes away.
 */
size_t prober_cancel(struct prober *prober, const void *arg);

/* Each that is asked has the next id. */
struct request_ids;
const struct request_ids *prober_ids(const struct prober *prober);

/* tally.h */
struct tallies;
const struct tallies *prober_tallies(const struct prober *prober);

size_t prober_in_flight(const struct prober *prober);

#endif

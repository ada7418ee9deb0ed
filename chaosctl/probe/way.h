/* A way of asking, and what it shares with the prober.  Floor 3; included by chaosctl/probe/ alone.
 *
 * A new kind of probe is one file that exports one struct probe_way, and one row in prober.c's table. */
#ifndef PROBE_WAY_H
#define PROBE_WAY_H

#include "chaosctl/probe/prober.h"
#include "chaosctl/probe/request_id.h"

#define ASKING_ERROR_BYTES 256

/* One question under way. */
struct asking {
    struct prober *prober;
    const struct probe *probe;
    const struct probe_way *way;
    answer_fn *fn;
    void *arg;
    struct asking *next, *before; /* in the prober's list */
    struct timer timer;           /* until the end: the deadline; then: the delivery */
    bool finished;
    char id[REQUEST_ID_BYTES]; /* what ${request.id} is */
    struct answer answer;
    char error[ASKING_ERROR_BYTES];
    void *own; /* the way's */
};

struct probe_way {
    /* Begin.  May finish at once.  -errno: nothing has begun, nothing is held. */
    int (*start)(struct asking *asking);
    /* Let go of all that goes on: descriptors, children, transfers.  Called once, before release. */
    void (*stop)(struct asking *asking);
    /* Put what was gathered into the answer.  Called after stop; the texts live until release. */
    void (*fill)(struct asking *asking, struct answer *answer);
    /* The memory.  Must not touch the prober: it may be gone. */
    void (*release)(struct asking *asking);
};

extern const struct probe_way probe_way_http, probe_way_tcp, probe_way_exec;

/* It is over.  format NULL: a whole answer came; otherwise words for people why not.  The answer is delivered
 * from the loop, later: a way may call this from anywhere. */
void asking_finish(struct asking *asking, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Words for people, in lower case as they stand in the middle of a sentence: "connection refused". */
const char *errno_words(int error, char *text, size_t size);

struct loop *prober_loop(const struct prober *prober);
const char *prober_dir(const struct prober *prober);

/* --- multi.c: libcurl's multi interface on our loop --- */

struct multi;

int multi_new(struct loop *loop, struct multi **ret_multi);
void multi_free(struct multi *multi);
struct multi *prober_multi(const struct prober *prober);

/* Start a transfer, an easy handle.  asking is its CURLOPT_PRIVATE; http_transfer_ended is called once, from
 * the loop, unless multi_remove came before.  -errno. */
int multi_add(struct multi *multi, void *easy);
void multi_remove(struct multi *multi, void *easy);

/* --- http.c --- */

void http_transfer_ended(struct asking *asking, int curl_code);

#endif

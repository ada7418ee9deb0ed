/* A load and its samples, as load.c fills and load_observe.c reads them.  Floor 3; theirs alone. */
#ifndef PROBE_LOAD_RUN_H
#define PROBE_LOAD_RUN_H

#include "chaosctl/probe/load.h"

#define ERRORS_MAX       64
#define ERROR_TEXT_BYTES 160

struct request;

struct load_run {
    struct loop *loop;
    struct prober *prober;
    const struct probe *probe;
    const struct probe *each; /* asked in turn in its place; NULL: it alone */
    size_t each_count;
    double rate_per_s;
    uint32_t max_in_flight, in_flight;
    struct timer timer;
    uint64_t began_ns;      /* the first load_start */
    uint64_t started_ns;    /* the last one */
    uint64_t first;         /* number of the first request since load_start */
    uint64_t base;          /* number of samples[0] */
    uint64_t sent;          /* number of the next to be sent */
    struct sample *samples; /* by intended time */
    size_t count, capacity;
    struct request *requests; /* in flight */
    char *errors[ERRORS_MAX]; /* texts, each once */
    size_t errors_count;
};

/* How many samples were intended before: the index of the first that was not. */
size_t load_index(const struct load_run *run, uint64_t from_ns);

#endif

/* The keys of faults.  Floor 2, internal to chaosctl/scenario. */
#ifndef SCENARIO_FAULT_KEYS_H
#define SCENARIO_FAULT_KEYS_H

#include "chaosctl/scenario/field.h"
#include "injectors/decision/fault.h"

struct fault_nodes {
    const struct node *target, *in, *probability, *after, *times, *every, *start, *for_, *direction, *hits,
        *request;
    const struct node *call, *error, *delay, *mode, *nth, *size, *quota, *caller, *signal;
    const struct node *jitter, *distribution, *rate, *then;
    const struct node *status, *headers, *body, *raw;
};

#define FAULT_FIELD_MAX 24

/* The keys that a kind takes, required ones marked; ends with a row without name. */
void fault_fields_of(enum fault_kind kind, struct field ret_fields[static FAULT_FIELD_MAX]);

/* Why a common key makes no sense for a kind; NULL when it does. */
const char *fault_key_refusal(enum fault_kind kind, const char *key);

/* How the kind is written, with what it needs: "{target: NAME}". */
const char *fault_form(enum fault_kind kind);

struct fault;
struct reader;

/* Report what the fault cannot do to its targets: parse_fault_flow.c. */
void fault_check_flow(struct reader *r, const struct fault_nodes *n, const struct fault *f);

/* Read what respond answers: fault_answer.c. */
void fault_read_answer(struct reader *r, const struct fault_nodes *n, struct fault *f);

extern const struct shape shape_status;
extern const struct shape shape_direction, shape_dns_mode, shape_distribution, shape_request, shape_then;

#endif

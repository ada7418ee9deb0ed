/* The cells of a scenario: each dependency with each fault that it can have, then pairs.  Floor 4. */
#include <errno.h>
#include <string.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/matrix/matrix.h"
#include "chaosctl/scenario/limits.h"

enum speaks {
    ANYTHING,
    A_STREAM,
    HTTP,
};

/* A SPEC with the dependency's name for %s.  Four bytes are less than any answer of the usual protocols; of
 * HTTP's the first line comes before the cut.  What else cannot be, the scenario's own rules refuse. */
static const struct {
    const char *name, *spec, *http_spec, *meaning;
    enum speaks needs;
} kinds[MATRIX_FAULT_COUNT] = {
    [MATRIX_DOWN] = {"down", "outage:target=%s", NULL, "connections break, new ones are refused", ANYTHING},
    [MATRIX_HANG] = {"hang", "blackhole:target=%s", NULL, "no answer at all", ANYTHING},
    [MATRIX_REFUSE] = {"refuse", "refuse:target=%s", NULL, "new connections are refused, old ones live on",
                       ANYTHING},
    [MATRIX_RESET] = {"reset", "reset:target=%s", NULL, "they break before the answer", A_STREAM},
    [MATRIX_MIDWAY] = {"midway", "reset:target=%s,after=4B", "reset:target=%s,after=20B",
                       "they break within it", A_STREAM},
    [MATRIX_SLOW] = {"slow", "latency:target=%s,delay=1s", NULL, "all comes one second late", ANYTHING},
    [MATRIX_CUT] = {"cut", "truncate:target=%s,after=4B", "truncate:target=%s,after=20B",
                    "the answer ends too early", A_STREAM},
    [MATRIX_503] = {"503", "respond:target=%s,status=503", NULL, "an error for an answer", HTTP},
    [MATRIX_DNS] = {"dns", "dns:target=%s,mode=nxdomain", NULL, "the name is unknown", ANYTHING},
};

const char *matrix_fault_name(enum matrix_fault fault)
{
    return fault < MATRIX_FAULT_COUNT ? kinds[fault].name : "?";
}

const char *matrix_fault_meaning(enum matrix_fault fault)
{
    return fault < MATRIX_FAULT_COUNT ? kinds[fault].meaning : "?";
}

/* --- faults --- */

static bool speaks_http(const struct dependency *d)
{
    return d->protocol && !strcmp(d->protocol, "http");
}

static bool speaks(const struct dependency *d, enum speaks needs)
{
    bool is_udp =
        d->targets_count && d->targets[0].kind != TARGET_UNIX && d->targets[0].protocol == PROTOCOL_UDP;

    return needs == HTTP ? speaks_http(d) : needs == ANYTHING || !is_udp;
}

/* The file's own experiments were held against the limits when it was loaded; what is made here was not. */
static bool exceeds_limits(struct matrix *m, const struct fault *fault, struct buf *ret_why)
{
    const struct scenario *s = m->scenario;
    uint64_t hold_ns =
        m->options.hold_ns || !s->cells_count ? m->options.hold_ns : s->cells[0].timing.hold_ns;
    cleanup_buf struct buf why = {0};

    if (!limits_refuse_fault(s, fault, fault->for_ns < hold_ns ? fault->for_ns : hold_ns, &why))
        return false;
    buf_clear(ret_why);
    buf_printf(ret_why, "limits: `%s` %s", fault->text, buf_text(&why));
    if (!m->limited)
        m->limited = arena_copy(m->arena, buf_text(ret_why));
    return true;
}

/* ret_why: what the scenario's rules say to one that cannot be. */
static int add_fault(struct matrix *m, size_t dependency, enum matrix_fault kind, struct buf *ret_why)
{
    const struct dependency *d = &m->scenario->dependencies[dependency];
    const char *spec = speaks_http(d) && kinds[kind].http_spec ? kinds[kind].http_spec : kinds[kind].spec;
    const char *percent = strstr(spec, "%s");
    cleanup_buf struct buf text = {0};
    struct fault *fault = arena_take(m->arena, sizeof(*fault));

    if (!speaks(d, kinds[kind].needs))
        return 0;
    buf_add_n(&text, spec, (size_t)(percent - spec));
    buf_printf(&text, "%s%s", d->name, percent + 2);
    struct diag *diag = diag_new(m->scenario->path);
    int r = fault && diag && !text.failed ? scenario_add_fault(m->scenario, buf_text(&text), diag, fault)
                                          : -ENOMEM;
    if (!r && !exceeds_limits(m, fault, ret_why))
        m->faults[dependency][kind] = fault;
    if (r == -EINVAL) {
        buf_clear(ret_why);
        buf_add(ret_why, diag_message(diag, 0, &(struct position){0}));
    }
    diag_free(diag);
    return r == -ENOMEM ? r : 0;
}

static int add_faults(struct matrix *m, struct buf *ret_why)
{
    int r = 0;

    for (size_t d = 0; d < m->scenario->dependencies_count; d++)
        for (int k = 0; k < MATRIX_FAULT_COUNT && !r; k++)
            r = add_fault(m, d, (enum matrix_fault)k, ret_why);
    return r;
}

/* --- cells --- */

static struct matrix_cell *add_cell(struct matrix *m, size_t d, int k)
{
    struct matrix_cell *cell =
        m->faults[d][k] ? arena_push(m->arena, &m->cells, &m->count, sizeof(*cell)) : NULL;

    if (cell) {
        cell->parts[0] = (struct matrix_part){(uint8_t)d, (uint8_t)k};
        cell->count = 1;
    }
    return cell;
}

/* Breadth first: whoever has little time knows a little of all. */
static void add_singles(struct matrix *m)
{
    for (int k = 0; k < MATRIX_FAULT_COUNT; k++)
        for (size_t d = 0; d < m->scenario->dependencies_count; d++)
            if (add_cell(m, d, k))
                m->single[d][k] = m->count - 1;
    m->singles = m->count;
}

static void add_pair(struct matrix *m, size_t a, int fault_a, size_t b, int fault_b)
{
    struct matrix_cell *cell = m->faults[b][fault_b] ? add_cell(m, a, fault_a) : NULL;

    if (cell) {
        cell->parts[1] = (struct matrix_part){(uint8_t)b, (uint8_t)fault_b};
        cell->count = 2;
    }
}

static void add_pairs_of(struct matrix *m, int fault_a, int fault_b)
{
    for (size_t a = 0; a < m->scenario->dependencies_count; a++)
        for (size_t b = a + 1; b < m->scenario->dependencies_count; b++)
            add_pair(m, a, fault_a, b, fault_b);
}

/* The faults that are tried first alone come first in pairs, too. */
static void add_pairs(struct matrix *m)
{
    for (int top = 0; top < MATRIX_FAULT_COUNT; top++)
        for (int a = 0; a <= top; a++)
            for (int b = 0; b <= top; b++)
                if (a == top || b == top)
                    add_pairs_of(m, a, b);
}

/* --- the whole --- */

static int no_use(struct buf *ret_why, const char *why)
{
    buf_clear(ret_why);
    buf_add(ret_why, why);
    return -EINVAL;
}

static int fill(struct matrix *m, struct buf *ret_why)
{
    const struct scenario *s = m->scenario;

    if (!s->dependencies_count)
        return no_use(ret_why, "there are no dependencies: nothing can fail");
    if (!s->steady_count)
        return no_use(ret_why, "there is no steady_state: nothing says what must hold under a fault");
    int r = add_faults(m, ret_why);
    if (r)
        return r;
    add_singles(m);
    add_pairs(m);
    if (!m->count && m->limited)
        return no_use(ret_why, m->limited);
    if (!m->count && ret_why->len)
        return -EINVAL;
    return m->count ? 0 : -ENOMEM;
}

int matrix_new(struct scenario *scenario, const struct matrix_options *options, struct buf *ret_why,
               struct matrix **ret_matrix)
{
    struct arena *arena = arena_new();
    struct matrix *m = arena ? arena_take(arena, sizeof(*m)) : NULL;

    if (!m) {
        arena_free(arena);
        return -ENOMEM;
    }
    *m = (struct matrix){.arena = arena, .scenario = scenario, .options = *options};
    int r = fill(m, ret_why);
    if (r)
        matrix_free(m);
    else
        *ret_matrix = m;
    return r;
}

void matrix_free(struct matrix *matrix)
{
    if (matrix)
        arena_free(matrix->arena);
}

const char *matrix_label(const struct matrix *m, const struct matrix_cell *cell, struct buf *out)
{
    if (!cell->count)
        buf_add(out, "no fault");
    for (size_t i = 0; i < cell->count; i++)
        buf_printf(out, "%s%s %s", i ? " + " : "", m->scenario->dependencies[cell->parts[i].dependency].name,
                   kinds[cell->parts[i].fault].name);
    return buf_text(out);
}

/* What metrics and answers were before a phase.  Floor 3.
 *
 * A watch that read its first page when its phase has begun would miss what happened meanwhile: the one order
 * that a step places.  So the phase before reads the pages, and does not end before they are in. */
#include <stdlib.h>
#include <string.h>

#include "chaosctl/run/internal.h"

struct mark {
    struct marks *marks;
    const struct check *check;
    bool is_in;
    bool is_known; /* a page that was read; an answer that came */
    struct series_sum sum;
    struct observation baseline;
};

struct marks {
    struct run *run;
    size_t count;
    struct mark items[];
};

static void set_baseline(struct mark *mark, enum metric metric, double value)
{
    mark->baseline.has[metric] = true;
    mark->baseline.number[metric] = value;
}

static void answered(void *arg, const struct answer *answer)
{
    struct mark *mark = arg;
    cleanup_buf struct buf why = {0};

    mark->is_in = true;
    if (mark->check->kind == CHECK_PROBE) {
        mark->is_known = answer->ok;
        set_baseline(mark, METRIC_latency, (double)answer->latency_ns);
        return;
    }
    mark->is_known = metric_read(mark->check, answer, &mark->sum, &why) == JUDGE_HOLDS;
    if (mark->sum.count)
        set_baseline(mark, METRIC_value, mark->sum.value);
}

static bool is_wanted(const struct check *check)
{
    return check->probe && metric_looks_back(check);
}

static void ask(struct marks *marks, const struct check *checks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_wanted(&checks[i]))
            continue;
        struct mark *mark = &marks->items[marks->count++];
        *mark = (struct mark){.marks = marks, .check = &checks[i]};
        mark->is_in = prober_ask(marks->run->prober, checks[i].probe, answered, mark) != 0;
    }
}

static struct marks *marks_new(struct run *run, size_t room)
{
    struct marks *marks = calloc(1, sizeof(*marks) + room * sizeof(*marks->items));

    if (marks)
        marks->run = run;
    return marks;
}

struct marks *marks_before(struct run *run)
{
    const struct cell *cell = run->course.cell;
    const struct scenario *s = run->scenario;
    struct marks *marks =
        marks_new(run, s->steady_count + s->stop_when_count + cell->during_count + cell->after_count);

    if (!marks)
        return NULL;
    ask(marks, s->steady, cell->during_count ? 0 : s->steady_count);
    ask(marks, s->stop_when, s->stop_when_count);
    ask(marks, cell->during, cell->during_count);
    ask(marks, cell->after, cell->after_count);
    return marks;
}

struct marks *marks_at_lift(struct run *run)
{
    const struct cell *cell = run->course.cell;
    struct marks *marks = marks_new(run, cell->after_count);

    if (marks)
        ask(marks, cell->after, cell->after_count);
    return marks;
}

void marks_free(struct marks *marks)
{
    if (!marks)
        return;
    for (size_t i = 0; i < marks->count; i++)
        if (!marks->items[i].is_in)
            prober_cancel(marks->run->prober, &marks->items[i]);
    free(marks);
}

bool marks_are_in(const struct marks *marks)
{
    for (size_t i = 0; i < marks->count; i++)
        if (!marks->items[i].is_in)
            return false;
    return true;
}

static const struct mark *find(const struct marks *marks, const struct check *check)
{
    for (size_t i = 0; marks && i < marks->count; i++)
        if (marks->items[i].check == check && marks->items[i].is_in)
            return &marks->items[i];
    return NULL;
}

void marks_begin(const struct course *course, const struct check *check, struct metric_track *track)
{
    const struct mark *before = find(course->before, check), *lift = find(course->at_lift, check);
    const struct mark *start = lift ? lift : before;

    if (start)
        metric_begin(track, start->is_known ? &start->sum : NULL);
}

const struct observation *marks_baseline(const struct course *course, const struct check *check)
{
    const struct mark *before = find(course->before, check);

    return before && before->is_known ? &before->baseline : NULL;
}

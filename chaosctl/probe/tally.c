/* Counting answers.  Floor 3. */
#include <string.h>

#include "chaosctl/probe/tally.h"

const double tally_bounds_s[TALLY_BOUNDS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

static struct tally *find(struct tallies *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].name == name || !strcmp(t->items[i].name, name))
            return &t->items[i];
    if (t->count == TALLY_MAX)
        return NULL;
    t->items[t->count].name = name;
    return &t->items[t->count++];
}

void tally_answer(struct tallies *tallies, const struct probe *probe, const struct answer *answer)
{
    struct tally *t = probe->name ? find(tallies, probe->name) : NULL;
    size_t i = 0;

    if (!t)
        return;
    if (answer->ok && answer->status < 400)
        t->ok++;
    else
        t->failed++;
    t->sum_ns += answer->latency_ns;
    while (i < TALLY_BOUNDS && (double)answer->latency_ns > tally_bounds_s[i] * 1e9)
        i++;
    if (i < TALLY_BOUNDS)
        t->within[i]++;
}

/* The heap.  Floor 1.
 *
 * Each knows the first of those below it, its next sibling, and who points to it: a sibling or the one above.
 */
#include "preload/due.h"

static struct registration *at(int place)
{
    return &registrations[place];
}

/* Two heaps, each without siblings; either may be empty. */
static int meld(int a, int b)
{
    if (!a || !b)
        return a ? a : b;
    int above = at(b)->restore_ns < at(a)->restore_ns ? b : a, below = above == a ? b : a;
    int former = at(above)->due_below;
    at(below)->due_next = former;
    at(below)->due_back = above;
    if (former)
        at(former)->due_back = below;
    at(above)->due_below = below;
    return above;
}

static int alone(int place)
{
    at(place)->due_next = at(place)->due_back = 0;
    return place;
}

/* The siblings in pairs from the left, and then the pairs from the right: that order is what makes it fast.
 */
static int meld_siblings(int first)
{
    int pairs = 0, heap = 0;

    for (int a = first, rest; a; a = rest) {
        int b = at(a)->due_next;
        rest = b ? at(b)->due_next : 0;
        int pair = meld(alone(a), b ? alone(b) : 0);
        at(pair)->due_next = pairs;
        pairs = pair;
    }
    while (pairs) {
        int next = at(pairs)->due_next;
        heap = meld(heap, alone(pairs));
        pairs = next;
    }
    return heap;
}

static void unlink_below(int place)
{
    int back = at(place)->due_back, next = at(place)->due_next;

    if (at(back)->due_below == place)
        at(back)->due_below = next;
    else
        at(back)->due_next = next;
    if (next)
        at(next)->due_back = back;
}

void due_take(struct set *s, int place)
{
    if (!at(place)->is_held)
        return;
    int below = meld_siblings(at(place)->due_below);
    if (s->due == place) {
        s->due = below;
    } else {
        unlink_below(place);
        s->due = meld(s->due, below);
    }
    at(place)->is_held = false;
    at(place)->due_below = 0;
    alone(place);
}

void due_put(struct set *s, int place, uint64_t at_ns)
{
    if (at(place)->is_held && at(place)->restore_ns == at_ns)
        return;
    due_take(s, place);
    at(place)->restore_ns = at_ns;
    at(place)->is_held = true;
    s->due = meld(s->due, place);
}

int due_first(const struct set *s)
{
    return s->due;
}

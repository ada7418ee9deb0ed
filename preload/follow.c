/* Sets and their registrations.  Floor 1. */
#include <sys/syscall.h>

#include "preload/due.h"
#include "preload/follow.h"
#include "preload/lock.h"
#include "preload/mask.h"
#include "preload/outbox.h"
#include "preload/timer.h"
#include "preload/watch.h"

/* Registrations that one wait looks at: the rest is for the next, at once. */
#define REVIEWS 128

_Atomic uint32_t follow_sets;
_Atomic int follow_owner;

/* --- one registration --- */

void follow_hold(struct set *s, int place, const struct line_view *v)
{
    struct registration *r = &registrations[place];

    r->shorts = v->shorts;
    due_put(s, place, v->next_ns);
}

/* What is due is told by the kernel, which looks again when it is asked to. */
void follow_review(struct set *s, int place, bool again)
{
    struct registration *r = &registrations[place];
    struct line_view v;

    line_look_fd(r->fd, &v);
    bool is_held = view_is_held(&v), tell = !is_held || view_is_readable(&v);
    if (r->is_spent || !is_held)
        due_take(s, place);
    else
        follow_hold(s, place, &v);
    bool changes = (r->is_masked || is_edge(r)) && !is_told_by_itself(r);
    if (!r->is_spent && changes && (tell || again) && !mask_restore(s->epfd, r)) {
        registry_drop(s, place);
        return;
    }
    r->shorts = v.shorts;
}

/* --- learning --- */

static void learn_one(struct set *s, const struct mask_seen *seen)
{
    if (seen->data == MASK_DATA) {
        s->timer_is_there = s->timer_is_there || seen->fd == s->timer;
        return;
    }
    int place = registry_put(s, seen->fd, seen->events, seen->data);
    if (!place)
        return;
    registrations[place].is_masked = seen->is_masked;
    registrations[place].is_spent =
        wants_nothing(&registrations[place]) && registrations[place].events & EPOLLONESHOT;
}

/* A level that we did not touch is reported when there is something to hide; only a dropped connect is not,
 * nor one that is to be severed. */
static bool tells_itself(const struct registration *r, bool by_time)
{
    return !by_time && !r->is_masked && !is_edge(r) && !(r->events & EPOLLONESHOT) &&
           shim_left == follow_sets;
}

/* Whoever was told of it before did not get it then. */
static bool is_to_be_told(const struct registration *r, const struct line_view *v)
{
    return r->is_masked || (is_edge(r) && v->is_denied && !is_told_by_itself(r));
}

static void learn_held(struct set *s)
{
    bool by_time = decide_needs_time(&control.table);

    for (int i = 0; i < REGISTRY_BUCKETS; i++)
        for (int place = s->by_fd[i], next; place; place = next) {
            struct registration *r = &registrations[place];
            struct line_view v;
            next = r->next_by_fd;
            if (tells_itself(r, by_time))
                continue;
            line_look_fd(r->fd, &v);
            r->shorts = v.shorts;
            if (view_is_held(&v) && !r->is_spent)
                follow_hold(s, place, &v);
            else if (is_to_be_told(r, &v) && !mask_restore(s->epfd, r))
                registry_drop(s, place);
        }
}

bool follow_is_wanted(void)
{
    return atomic_load_explicit(&control.table.streams, memory_order_acquire) &&
           shim_has_lease(shim_now_ns());
}

/* An edge that was taken out is known to nobody but us: it is given back first, and taken out again if it is
 * still to be.  (epoll_ctl is followed until we leave, so this is what the program wants.) */
static void give_back(struct set *s)
{
    for (int i = 0; i < REGISTRY_BUCKETS; i++)
        for (int place = s->by_fd[i]; place; place = registrations[place].next_by_fd)
            if (registrations[place].is_held && !registrations[place].is_spent &&
                !is_told_by_itself(&registrations[place]))
                mask_restore(s->epfd, &registrations[place]);
}

static void learn(struct set *s)
{
    s->epoch = shim_epoch();
    give_back(s);
    s->timer_is_there = false;
    registry_clear(s);
    if (mask_each(s, learn_one))
        timer_check(s);
    learn_held(s);
}

/* --- sets --- */

struct set *follow_locked(struct set *s, int epfd)
{
    lock_take(&s->busy);
    if (s->is_used && s->epfd == epfd)
        return s;
    lock_give(&s->busy);
    return NULL;
}

struct set *follow_find(int epfd)
{
    for (int i = 0; i < REGISTRY_SETS; i++)
        if (sets[i].is_used && sets[i].epfd == epfd)
            return follow_locked(&sets[i], epfd);
    return NULL;
}

struct set *follow_make(int epfd)
{
    for (int i = 0; i < REGISTRY_SETS; i++) {
        struct set *s = &sets[i];
        if (s->is_used)
            continue;
        lock_take(&s->busy);
        if (!s->is_used) {
            s->is_used = true;
            s->epfd = epfd;
            s->timer = -1;
            s->epoch = shim_epoch() - 1;
            follow_sets++;
            shim_left++;
            follow_owner = (int)getpid();
            return s;
        }
        lock_give(&s->busy);
    }
    return NULL;
}

void follow_drop(struct set *s)
{
    timer_drop(s);
    registry_clear(s);
    s->is_used = false;
    follow_sets--;
    shim_left--;
}

/* Everything is as the program has it. */
static void leave(struct set *s)
{
    learn(s);
    follow_drop(s);
}

static void leave_all(void)
{
    for (int i = 0; i < REGISTRY_SETS; i++) {
        struct set *s = sets[i].is_used ? follow_locked(&sets[i], sets[i].epfd) : NULL;
        if (!s)
            continue;
        leave(s);
        lock_give(&s->busy);
    }
}

void watch_settle(void)
{
    if (!shim_left)
        return;
    outbox_settle();
    if (follow_is_wanted())
        return;
    leave_all();
    line_settle();
}

/* --- before a wait --- */

static bool is_due(int place, uint64_t now_ns)
{
    return place && registrations[place].restore_ns <= now_ns;
}

/* Whatever is due still comes behind the others. */
static void review_due(struct set *s, uint64_t now_ns)
{
    for (int left = REVIEWS; left > 0 && is_due(due_first(s), now_ns); left--) {
        int place = due_first(s);
        follow_review(s, place, false);
        if (due_first(s) == place && is_due(place, now_ns))
            due_put(s, place, now_ns + 1);
    }
}

/* What is masked is an edge, but writing was a level: it is told as often as it is asked for. */
static void tell_again(struct set *s)
{
    for (int place; (place = registry_told(s));)
        if (registrations[place].is_masked)
            mask_set(s->epfd, &registrations[place]);
}

/* Reads that left something behind do not get another edge from the kernel. */
static void review_shorts(struct set *s)
{
    for (int i = 0; i < REGISTRY_BUCKETS; i++)
        for (int place = s->by_fd[i], next; place; place = next) {
            struct registration *r = &registrations[place];
            next = r->next_by_fd;
            if (r->is_spent || !is_edge(r) || !line_concerns(descriptor_peek(r->fd)))
                continue;
            struct line_view v;
            line_look_fd(r->fd, &v);
            if (v.shorts != r->shorts || view_is_held(&v))
                follow_review(s, place, v.shorts != r->shorts);
        }
}

uint64_t follow_prepare(struct set *s)
{
    uint64_t now_ns = shim_now_ns(), slice_ns = now_ns + LINE_SLICE_NS;

    if (s->epoch != shim_epoch())
        learn(s);
    if (line_shorts() != s->shorts) {
        s->shorts = line_shorts();
        review_shorts(s);
    }
    review_due(s, now_ns);
    tell_again(s);
    int first = due_first(s);
    if (!first) {
        timer_drop(s);
        return STREAM_NEVER;
    }
    uint64_t due_ns = registrations[first].restore_ns, next_ns = due_ns < slice_ns ? due_ns : slice_ns;
    timer_set(s, next_ns, now_ns);
    return s->timer < 0 ? next_ns - now_ns : STREAM_NEVER;
}

/* Taking events out of sets.  Floor 1. */
#include <errno.h>
#include <sys/syscall.h>

#include "preload/due.h"
#include "preload/follow.h"
#include "preload/lock.h"
#include "preload/mask.h"
#include "preload/timer.h"
#include "preload/watch.h"

#define READS (EPOLLIN | EPOLLRDNORM | EPOLLRDBAND | EPOLLRDHUP)

uint64_t watch_prepare(int epfd)
{
    watch_settle();
    if (!follow_is_wanted())
        return STREAM_NEVER;
    struct set *s = follow_find(epfd);
    if (!s)
        s = follow_make(epfd);
    if (!s)
        return STREAM_NEVER;
    uint64_t most_ns = follow_prepare(s);
    lock_give(&s->busy);
    return most_ns;
}

/* --- after it --- */

static uint32_t strip(uint32_t events, const struct line_view *v)
{
    if (v->is_connecting)
        return 0;
    if (v->is_full)
        events &= ~(uint32_t)(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
    if (view_hides_end(v))
        events &= ~(uint32_t)(EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    return view_is_readable(v) || !(v->ended || v->pending) ? events : events & ~(uint32_t)READS;
}

static void told(struct set *s, int place, uint32_t events)
{
    struct registration *r = &registrations[place];

    if (!(r->events & EPOLLONESHOT)) {
        if (r->is_masked && !is_edge(r) && events & EPOLLOUT)
            registry_tell(s, place);
        return;
    }
    due_take(s, place);
    r->is_told = true;
    if (!r->is_masked)
        r->is_spent = true;
    else
        mask_spend(s->epfd, r);
}

/* Once: a second report of it was overtaken by the program's, but for one that the kernel gives us now: a
 * change by the program was not seen, nor what it waits for. */
static uint32_t tell_spent(struct registration *r, uint32_t events, bool fetched)
{
    bool was_told = r->is_told && !fetched;

    r->is_told = true;
    return was_told ? 0 : events;
}

/* Was it reported to somebody who did not hold the lock then, and waits here since?  The kernel reports a
 * oneshot once, but it may have been given back to it, reported to another and read in between.  The kernel
 * is told to look again: then whoever fetches is told, if there is something to tell. */
static bool is_overtaken(struct set *s, struct registration *r, bool fetched)
{
    if (fetched || !(r->events & EPOLLONESHOT) || r->is_masked || r->is_spent)
        return false;
    mask_restore(s->epfd, r);
    return true;
}

/* Returns the events that are left of the one registration's. */
static uint32_t sift(struct set *s, int place, uint32_t events, bool fetched)
{
    struct registration *r = &registrations[place];
    struct line_view v;

    if (is_overtaken(s, r, fetched))
        return 0;
    if (r->is_spent && (!fetched || wants_nothing(r)))
        return tell_spent(r, events, fetched);
    r->is_spent = false;
    line_look_fd(r->fd, &v);
    uint32_t left = v.is_tracked ? strip(events, &v) : events;
    if (view_is_held(&v))
        follow_hold(s, place, &v);
    if (left != events && (!is_edge(r) || r->events & EPOLLONESHOT) && !r->is_masked)
        mask_set(s->epfd, r);
    if (left && (v.is_tracked || r->is_masked || r->events & EPOLLONESHOT))
        told(s, place, left);
    return left;
}

/* Which of several it was, the kernel does not say. */
static bool is_really(const struct registration *r, uint32_t events)
{
    struct pollfd p = {.fd = r->fd, .events = (short)(r->events & 0x2fff)};
    struct timespec none = {0};

    if (r->is_spent)
        return !r->is_told;
    return syscall(SYS_ppoll, &p, 1, &none, NULL, 0) > 0 && (uint32_t)p.revents & events;
}

static uint32_t sift_all(struct set *s, int place, uint64_t data, uint32_t events, bool fetched)
{
    uint32_t left = 0;

    for (int next; place; place = next) {
        next = registry_next(place, data);
        if (is_really(&registrations[place], events))
            left |= sift(s, place, events, fetched);
    }
    return left;
}

static bool keep(struct set *s, struct epoll_event *e, bool fetched)
{
    int place = registry_first(s, e->data.u64);

    if (e->data.u64 == MASK_DATA)
        return false;
    if (!place)
        return true;
    if (registry_next(place, e->data.u64))
        e->events = sift_all(s, place, e->data.u64, e->events, fetched);
    else
        e->events = sift(s, place, e->events, fetched);
    return e->events;
}

static bool is_timer(const struct epoll_event *e)
{
    return e->data.u64 == MASK_DATA;
}

/* s: locked, or NULL. */
static int keep_all(struct set *s, struct epoll_event *events, int count, bool fetched)
{
    bool rang = false;
    int kept = 0;

    for (int i = 0; i < count; i++) {
        struct epoll_event e = events[i];
        rang = rang || is_timer(&e);
        if (s ? keep(s, &e, fetched) : !is_timer(&e))
            events[kept++] = e;
    }
    if (s && follow_is_wanted() && (rang || due_first(s)) && kept)
        follow_prepare(s);
    return kept;
}

int watch_filter(int epfd, struct epoll_event *events, int count)
{
    struct set *s = follow_find(epfd);
    int kept = keep_all(s, events, count, false);

    if (s)
        lock_give(&s->busy);
    return kept;
}

bool watch_fetch(int epfd, struct epoll_event *events, int max, int *ret_got, int *ret_kept)
{
    struct set *s = shim_left ? follow_find(epfd) : NULL;

    if (!s)
        return false;
    bool is_ours = s->oneshots && s->epoch == shim_epoch();
    if (is_ours) {
        *ret_got = real.epoll_wait(epfd, events, max, 0);
        *ret_kept = *ret_got > 0 ? keep_all(s, events, *ret_got, true) : *ret_got;
    }
    lock_give(&s->busy);
    return is_ours;
}

/* --- what else happens to sets --- */

void watch_stir(int fd)
{
    for (int i = 0; follow_sets && i < REGISTRY_SETS; i++) {
        struct set *s = sets[i].is_used ? follow_locked(&sets[i], sets[i].epfd) : NULL;
        if (!s)
            continue;
        int place = registry_find(s, fd);
        if (place && s->epoch == shim_epoch()) {
            follow_review(s, place, false);
            follow_prepare(s);
        }
        lock_give(&s->busy);
    }
}

static void changed(struct set *s, int op, int fd, const struct epoll_event *event)
{
    int place = registry_find(s, fd);

    if (op == EPOLL_CTL_DEL && place)
        registry_drop(s, place);
    if (op == EPOLL_CTL_DEL || !event)
        return;
    struct line_view v;
    place = registry_put(s, fd, event->events, event->data.u64);
    line_look_fd(fd, &v);
    if (!place || !view_is_held(&v))
        return;
    follow_hold(s, place, &v);
    if (follow_is_wanted())
        follow_prepare(s);
}

int watch_change(int epfd, int op, int fd, struct epoll_event *event)
{
    struct set *s = follow_find(epfd);
    int result = real.epoll_ctl(epfd, op, fd, event), error = errno;

    if (!s)
        return result;
    if (!result)
        changed(s, op, fd, event);
    lock_give(&s->busy);
    errno = error;
    return result;
}

void watch_changed_unseen(int epfd)
{
    struct set *s = follow_find(epfd);

    if (!s)
        return;
    s->epoch = shim_epoch() - 1;
    lock_give(&s->busy);
}

/* A vfork child's closes are not ours. */
void watch_forget(unsigned first, unsigned last)
{
    if (!follow_sets || follow_owner != (int)getpid())
        return;
    for (int i = 0; i < REGISTRY_SETS; i++) {
        struct set *s = &sets[i];
        if (!s->is_used)
            continue;
        if (s->timer >= 0 && (unsigned)s->timer >= first && (unsigned)s->timer <= last)
            timer_drop(s);
        if ((unsigned)s->epfd >= first && (unsigned)s->epfd <= last) {
            lock_take(&s->busy);
            follow_drop(s);
            lock_give(&s->busy);
        }
    }
}

void watch_forked(void)
{
    follow_owner = (int)getpid();
    for (int i = 0; i < REGISTRY_SETS; i++) {
        struct set *s = &sets[i];
        if (!s->is_used || s->timer < 0)
            continue;
        syscall(SYS_close, s->timer);
        s->timer = -1;
        s->epoch = shim_epoch() - 1;
    }
}

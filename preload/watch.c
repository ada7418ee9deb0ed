/* Masking and restoring.  Floor 1. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "preload/line.h"
#include "preload/mask.h"
#include "preload/watch.h"

/* Registrations that one wait looks at: the rest is for the next, at once. */
#define REVIEWS 128

#define READS (EPOLLIN | EPOLLRDNORM | EPOLLRDBAND | EPOLLRDHUP)

static _Atomic uint32_t used; /* sets */
static _Atomic int owner;

/* --- the set's timer --- */

static void timer_drop(struct set *s)
{
    struct epoll_event e = {0};

    if (s->timer < 0)
        return;
    real.epoll_ctl(s->epfd, EPOLL_CTL_DEL, s->timer, &e);
    syscall(SYS_close, s->timer);
    s->timer = -1;
}

/* Out of the way of those who count on low numbers. */
static int timer_number(int fd)
{
    int high = fd < 0 ? -1 : real.fcntl(fd, F_DUPFD_CLOEXEC, 512);

    if (high < 0)
        high = fd < 0 ? -1 : real.fcntl(fd, F_DUPFD_CLOEXEC, 200);
    if (high < 0)
        return fd;
    syscall(SYS_close, fd);
    return high;
}

static void timer_make(struct set *s)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u64 = MASK_DATA};
    int fd = timer_number((int)syscall(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));

    if (fd < 0)
        return;
    if (real.epoll_ctl(s->epfd, EPOLL_CTL_ADD, fd, &e)) {
        syscall(SYS_close, fd);
        return;
    }
    s->timer = fd;
    s->timer_ns = 0;
}

static void timer_set(struct set *s, uint64_t at_ns, uint64_t now_ns)
{
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(at_ns / 1000000000), .tv_nsec = (long)(at_ns % 1000000000)}};

    if (s->timer < 0)
        timer_make(s);
    if (s->timer < 0 || (s->timer_ns == at_ns && at_ns > now_ns))
        return;
    s->timer_ns = at_ns;
    if (syscall(SYS_timerfd_settime, s->timer, TFD_TIMER_ABSTIME, &at, NULL))
        timer_drop(s);
}

/* --- one registration --- */

static bool is_edge(const struct registration *r)
{
    return r->events & EPOLLET;
}

static void held(struct set *s, int place, const struct line_view *v)
{
    struct registration *r = &registrations[place];

    r->restore_ns = v->next_ns;
    r->shorts = v->shorts;
    registry_hold(s, place);
}

/* What is due is told by the kernel, which looks again when it is asked to. */
static void review(struct set *s, int place, bool again)
{
    struct registration *r = &registrations[place];
    struct line_view v;

    line_look_fd(r->fd, &v);
    bool is_held = view_is_held(&v), tell = !is_held || view_is_readable(&v);
    if (r->is_spent || !is_held)
        registry_release(s, place);
    else
        held(s, place, &v);
    bool changes = r->is_masked || is_edge(r) || r->events & EPOLLONESHOT;
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
    registrations[place].is_spent = !(seen->events & ~(uint32_t)(EPOLLET | EPOLLEXCLUSIVE | EPOLLONESHOT |
                                                                 EPOLLWAKEUP | EPOLLERR | EPOLLHUP)) &&
                                    seen->events & EPOLLONESHOT;
}

/* A level that we did not touch is reported when there is something to hide; only a dropped connect is not.
 */
static bool tells_itself(const struct registration *r)
{
    return !r->is_masked && !is_edge(r) && !(r->events & EPOLLONESHOT) && shim_left == used;
}

static void learn_held(struct set *s)
{
    for (int i = 0; i < REGISTRY_BUCKETS; i++)
        for (int place = s->by_fd[i], next; place; place = next) {
            struct registration *r = &registrations[place];
            struct line_view v;
            next = r->next_by_fd;
            if (tells_itself(r))
                continue;
            line_look_fd(r->fd, &v);
            r->shorts = v.shorts;
            if (view_is_held(&v) && !r->is_spent)
                held(s, place, &v);
            else if (r->is_masked && !mask_restore(s->epfd, r))
                registry_drop(s, place);
        }
}

static bool is_wanted(void)
{
    return atomic_load_explicit(&control.table.streams, memory_order_acquire) &&
           shim_has_lease(shim_now_ns());
}

/* The number of a set that was closed behind our back is another set's now. */
static void timer_check(struct set *s)
{
    struct itimerspec left;

    if (s->timer < 0 || s->timer_is_there)
        return;
    if (!syscall(SYS_timerfd_gettime, s->timer, &left))
        syscall(SYS_close, s->timer);
    s->timer = -1;
}

/* An edge that was taken out is known to nobody but us: it is given back first, and taken out again if it is
 * still to be.  (epoll_ctl is followed until we leave, so this is what the program wants.) */
static void give_back(struct set *s)
{
    for (int place = s->held; place; place = registrations[place].next_held)
        if (!registrations[place].is_spent)
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

static struct set *set_locked(struct set *s, int epfd)
{
    registry_lock(&s->busy);
    if (s->is_used && s->epfd == epfd)
        return s;
    registry_unlock(&s->busy);
    return NULL;
}

static struct set *set_find(int epfd)
{
    for (int i = 0; i < REGISTRY_SETS; i++)
        if (sets[i].is_used && sets[i].epfd == epfd)
            return set_locked(&sets[i], epfd);
    return NULL;
}

static struct set *set_make(int epfd)
{
    for (int i = 0; i < REGISTRY_SETS; i++) {
        struct set *s = &sets[i];
        if (s->is_used)
            continue;
        registry_lock(&s->busy);
        if (!s->is_used) {
            s->is_used = true;
            s->epfd = epfd;
            s->timer = -1;
            s->epoch = shim_epoch() - 1;
            used++;
            shim_left++;
            owner = (int)getpid();
            return s;
        }
        registry_unlock(&s->busy);
    }
    return NULL;
}

static void set_drop(struct set *s)
{
    timer_drop(s);
    registry_clear(s);
    s->is_used = false;
    used--;
    shim_left--;
}

/* Everything is as the program has it. */
static void leave(struct set *s)
{
    learn(s);
    set_drop(s);
}

static void leave_all(void)
{
    for (int i = 0; i < REGISTRY_SETS; i++) {
        struct set *s = sets[i].is_used ? set_locked(&sets[i], sets[i].epfd) : NULL;
        if (!s)
            continue;
        leave(s);
        registry_unlock(&s->busy);
    }
}

void watch_settle(void)
{
    if (!shim_left || is_wanted())
        return;
    leave_all();
    line_settle();
}

/* --- before a wait --- */

static void review_due(struct set *s, uint64_t now_ns, uint64_t *ret_next_ns)
{
    int left = REVIEWS;

    for (int place = s->held, next; place; place = next) {
        struct registration *r = &registrations[place];
        next = r->next_held;
        if (r->restore_ns <= now_ns && left-- > 0)
            review(s, place, false);
        else if (r->told_out && !is_edge(r))
            r->told_out = !mask_set(s->epfd, r);
        if (r->is_held && r->restore_ns < *ret_next_ns)
            *ret_next_ns = r->restore_ns;
    }
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
                review(s, place, v.shorts != r->shorts);
        }
}

static uint64_t prepare(struct set *s)
{
    uint64_t now_ns = shim_now_ns(), next_ns = STREAM_NEVER;

    if (s->epoch != shim_epoch())
        learn(s);
    if (line_shorts() != s->shorts) {
        s->shorts = line_shorts();
        review_shorts(s);
    }
    review_due(s, now_ns, &next_ns);
    if (!s->held) {
        timer_drop(s);
        return STREAM_NEVER;
    }
    next_ns = next_ns < now_ns + LINE_SLICE_NS ? next_ns : now_ns + LINE_SLICE_NS;
    timer_set(s, next_ns, now_ns);
    return s->timer < 0 ? next_ns - now_ns : STREAM_NEVER;
}

uint64_t watch_prepare(int epfd)
{
    watch_settle();
    if (!is_wanted())
        return STREAM_NEVER;
    struct set *s = set_find(epfd);
    if (!s)
        s = set_make(epfd);
    if (!s)
        return STREAM_NEVER;
    uint64_t most_ns = prepare(s);
    registry_unlock(&s->busy);
    return most_ns;
}

/* --- after it --- */

static uint32_t strip(uint32_t events, const struct line_view *v)
{
    if (v->is_connecting)
        return 0;
    if (view_hides_end(v))
        events &= ~(uint32_t)(EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    return view_is_readable(v) || !(v->ended || v->pending) ? events : events & ~(uint32_t)READS;
}

static void told(struct set *s, int place, uint32_t events)
{
    struct registration *r = &registrations[place];

    if (!(r->events & EPOLLONESHOT)) {
        r->told_out = r->is_masked && events & EPOLLOUT;
        return;
    }
    registry_release(s, place);
    if (!r->is_masked)
        r->is_spent = true;
    else
        mask_spend(s->epfd, r);
}

/* Returns the events that are left of the one registration's. */
static uint32_t sift(struct set *s, int place, uint32_t events)
{
    struct registration *r = &registrations[place];
    struct line_view v;

    if (r->is_spent)
        return 0;
    line_look_fd(r->fd, &v);
    uint32_t left = v.is_tracked ? strip(events, &v) : events;
    if (view_is_held(&v))
        held(s, place, &v);
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

    return !r->is_spent && syscall(SYS_ppoll, &p, 1, &none, NULL, 0) > 0 && (uint32_t)p.revents & events;
}

static uint32_t sift_all(struct set *s, int place, uint64_t data, uint32_t events)
{
    uint32_t left = 0;

    for (int next; place; place = next) {
        next = registry_next(place, data);
        if (is_really(&registrations[place], events))
            left |= sift(s, place, events);
    }
    return left;
}

static bool keep(struct set *s, struct epoll_event *e)
{
    int place = registry_first(s, e->data.u64);

    if (e->data.u64 == MASK_DATA)
        return false;
    if (!place)
        return true;
    if (registry_next(place, e->data.u64))
        e->events = sift_all(s, place, e->data.u64, e->events);
    else
        e->events = sift(s, place, e->events);
    return e->events;
}

static bool is_timer(const struct epoll_event *e)
{
    return e->data.u64 == MASK_DATA;
}

int watch_filter(int epfd, struct epoll_event *events, int count)
{
    struct set *s = set_find(epfd);
    bool rang = false;
    int kept = 0;

    for (int i = 0; i < count; i++) {
        struct epoll_event e = events[i];
        rang = rang || is_timer(&e);
        if (s ? keep(s, &e) : !is_timer(&e))
            events[kept++] = e;
    }
    if (!s)
        return kept;
    if (is_wanted() && (rang || s->held) && kept)
        prepare(s);
    registry_unlock(&s->busy);
    return kept;
}

/* --- what else happens to sets --- */

void watch_stir(int fd)
{
    for (int i = 0; used && i < REGISTRY_SETS; i++) {
        struct set *s = sets[i].is_used ? set_locked(&sets[i], sets[i].epfd) : NULL;
        if (!s)
            continue;
        int place = registry_find(s, fd);
        if (place && s->epoch == shim_epoch()) {
            review(s, place, false);
            prepare(s);
        }
        registry_unlock(&s->busy);
    }
}

void watch_changed(int epfd, int op, int fd, const struct epoll_event *event)
{
    struct set *s = set_find(epfd);
    if (!s)
        return;
    int place = registry_find(s, fd);
    if (op == EPOLL_CTL_DEL && place)
        registry_drop(s, place);
    if (op != EPOLL_CTL_DEL && event) {
        place = registry_put(s, fd, event->events, event->data.u64);
        struct line_view v;
        line_look_fd(fd, &v);
        if (place && view_is_held(&v)) {
            held(s, place, &v);
            if (is_wanted())
                prepare(s);
        }
    }
    registry_unlock(&s->busy);
}

/* A vfork child's closes are not ours. */
void watch_forget(unsigned first, unsigned last)
{
    if (!used || owner != (int)getpid())
        return;
    for (int i = 0; i < REGISTRY_SETS; i++) {
        struct set *s = &sets[i];
        if (!s->is_used)
            continue;
        if (s->timer >= 0 && (unsigned)s->timer >= first && (unsigned)s->timer <= last)
            timer_drop(s);
        if ((unsigned)s->epfd >= first && (unsigned)s->epfd <= last) {
            registry_lock(&s->busy);
            set_drop(s);
            registry_unlock(&s->busy);
        }
    }
}

void watch_forked(void)
{
    owner = (int)getpid();
    for (int i = 0; i < REGISTRY_SETS; i++) {
        struct set *s = &sets[i];
        s->busy = 0;
        if (!s->is_used || s->timer < 0)
            continue;
        syscall(SYS_close, s->timer);
        s->timer = -1;
        s->epoch = shim_epoch() - 1;
    }
}

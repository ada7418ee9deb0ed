/* Making strikes land.  Floor 1. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "preload/descriptor.h"
#include "preload/effect.h"
#include "preload/endpoint.h"
#include "preload/refuse.h"
#include "preload/shim.h"
#include "preload/wait.h"

static uint64_t rule_delay_ns(const struct strike *s)
{
    return s->rule < RULE_MAX ? control.table.rules[s->rule].delay_ns : 0;
}

static void journal(const struct ask *a, const struct strike *s, enum record_kind kind, uint64_t delay_ns)
{
    struct record record = {
        .time_ns = shim_now_ns(),
        .number = s->number,
        .pid = (uint32_t)getpid(),
        /* Not a kept number: fork and vfork would make it wrong. */
        .tid = (uint32_t)syscall(SYS_gettid),
        .fd = a->fd,
        .error = s->effect == EFFECT_WAIT ? 0 : a->error,
        .rule = s->rule,
        .call = (uint8_t)a->call,
        .kind = (uint8_t)kind,
        .effect = s->effect,
        .service = (uint8_t)shim_service(),
        .delay_ns = delay_ns,
    };

    ring_put(&control.table.ring, &record);
}

static void landed(const struct ask *a, const struct strike *s)
{
    decide_landed(&control.table, s);
    journal(a, s, RECORD_HIT, rule_delay_ns(s));
}

static void skipped(const struct ask *a, const struct strike *s)
{
    decide_skipped(&control.table, s);
    journal(a, s, RECORD_SKIPPED, rule_delay_ns(s));
}

void effect_landed(enum call call, int fd, const struct strike *strike, uint64_t delay_ns)
{
    struct ask a = {.call = call, .fd = fd};

    decide_landed(&control.table, strike);
    journal(&a, strike, RECORD_HIT, delay_ns);
}

void effect_skipped(enum call call, int fd, const struct strike *strike)
{
    struct ask a = {.call = call, .fd = fd};

    skipped(&a, strike);
}

static bool answer(struct ask *a, const struct strike *s, int result, int error)
{
    a->result = result;
    a->error = error;
    if (!a->is_counted)
        landed(a, s);
    return true;
}

static bool cannot_land(struct ask *a, const struct strike *s)
{
    skipped(a, s);
    return false;
}

/* The area is not believed: success with an error, or an error that is none, would confuse the program. */
static int error_checked(const struct ask *a, int error)
{
    if (call_role(a->call) == ROLE_RESOLVE)
        return error < 0 && error > -200 ? error : EAI_FAIL;
    return error > 0 && error < 4096 ? error : EIO;
}

/* As the kernel does, to the thread that wrote. */
static void raise_sigpipe(const struct ask *a)
{
    if (call_role(a->call) == ROLE_SEND && !(a->flags & MSG_NOSIGNAL))
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGPIPE);
}

static bool fail(struct ask *a, const struct strike *s, int error)
{
    answer(a, s, -1, error_checked(a, error));
    if (a->error == EPIPE)
        raise_sigpipe(a);
    return true;
}

static bool refuse(struct ask *a, const struct strike *s)
{
    if (call_role(a->call) != ROLE_OPEN)
        return cannot_land(a, s);
    int error = refuse_connect(a->fd, a->address);
    return answer(a, s, -1, error);
}

static bool is_unix(int fd)
{
    struct sockaddr_storage own;
    socklen_t len = sizeof(own);

    return !getsockname(fd, (struct sockaddr *)&own, &len) && own.ss_family == AF_UNIX;
}

bool effect_disconnect(int fd)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    if (!is_unix(fd) && !real.connect(fd, &nowhere, sizeof(nowhere)))
        return true;
    real.shutdown(fd, SHUT_RDWR);
    return false;
}

/* Never disconnect what has no peer: on a listener it would end the listening.  A connection that lost its
 * peer was reset from outside, and the kernel has its ECONNRESET ready. */
static bool is_resettable(const struct ask *a, bool connected)
{
    enum role role = call_role(a->call);

    return (role == ROLE_SEND || role == ROLE_RECEIVE) && a->known & KNOWN_STREAM &&
           !(a->known & KNOWN_APART) && (connected || !(a->known & KNOWN_CONNECTING));
}

static bool reset(struct ask *a, const struct strike *s)
{
    bool connected = a->fd >= 0 && endpoint_is_connected(a->fd);

    if (!is_resettable(a, connected))
        return cannot_land(a, s);
    bool by_kernel = !connected || effect_disconnect(a->fd);
    descriptor_set(a->fd, KNOWN_STREAM | KNOWN_RESET);
    a->result = -1;
    a->error = ECONNRESET;
    if (connected)
        landed(a, s);
    else
        decide_taken_back(&control.table, s); /* the orchestrator reset it, and counted that */
    a->was_reset = by_kernel;
    return !by_kernel;
}

static bool act(struct ask *a, const struct verdict *v, const struct strike *s)
{
    switch ((enum effect)v->effect) {
    case EFFECT_FAIL: return fail(a, s, v->error);
    case EFFECT_REFUSE: return refuse(a, s);
    case EFFECT_RESET: return reset(a, s);
    case EFFECT_NONE:
    case EFFECT_OUTAGE:
    case EFFECT_WAIT:
    case EFFECT_HOLD:
    case EFFECT_TRUNCATE:
    case EFFECT_SEVER:
    case EFFECT_SLICE:
    case EFFECT_CORRUPT:
    case EFFECT_DROP:
    case EFFECT_RESPOND:
    case EFFECT_LOSE:
    case EFFECT_DUPLICATE:
    case EFFECT_REORDER:
    case EFFECT_COUNT: break;
    }
    return cannot_land(a, s);
}

static void skip_all(const struct ask *a, const struct verdict *v, int from)
{
    for (int i = from; i < v->strikes; i++)
        skipped(a, &v->strike[i]);
}

/* Messages are not cut, streams are. */
static bool lands_at_once(const struct ask *a, const struct strike *s, bool sleeps)
{
    return s->effect == EFFECT_WAIT ? sleeps : a->known & KNOWN_STREAM;
}

/* Delays and cuts come first in a verdict; the strike that ends the call, if any, is the last. */
static int delays_settle(struct ask *a, const struct verdict *v, bool sleeps)
{
    int i = 0;

    for (; i < v->strikes; i++) {
        const struct strike *s = &v->strike[i];
        if (s->effect != EFFECT_WAIT && s->effect != EFFECT_SLICE)
            break;
        lands_at_once(a, s, sleeps) ? landed(a, s) : skipped(a, s);
    }
    a->limit = a->known & KNOWN_STREAM ? v->limit : 0;
    return i;
}

/* A failure that comes after the delay (a resolver's time-out) lands for sure. */
static void count_ahead(struct ask *a, const struct verdict *v, int last)
{
    if (last >= v->strikes || v->effect != EFFECT_FAIL)
        return;
    a->error = error_checked(a, v->error);
    landed(a, &v->strike[last]);
    a->is_counted = true;
}

static bool lease_is_over(void)
{
    return shim_now_ns() >= atomic_load_explicit(&control.table.lease_ns, memory_order_relaxed);
}

static int error_of_wait(const struct ask *a, enum wait_end end)
{
    if (end == WAIT_INTERRUPTED)
        return EINTR;
    return call_role(a->call) == ROLE_OPEN ? EINPROGRESS : EAGAIN;
}

bool effect_apply(struct ask *a, const struct verdict *v)
{
    bool sleeps = v->delay_ns && !wait_is_forbidden(a);
    enum wait_end end = WAIT_OVER;

    /* Counted before the sleep: a delay longer than its fault lasts has landed all the same. */
    int last = delays_settle(a, v, sleeps);
    if (sleeps) {
        count_ahead(a, v, last);
        end = wait_out(a, v);
    }
    if (last >= v->strikes || end != WAIT_OVER) {
        if (!a->is_counted)
            skip_all(a, v, last);
        a->result = -1;
        a->error = error_of_wait(a, end);
        return end != WAIT_OVER;
    }
    /* Lifted while it waited: the delay was all that landed. */
    if (sleeps && (!table_is_armed(&control.table, v->strike[last].rule) || lease_is_over()))
        return a->is_counted ? false : cannot_land(a, &v->strike[last]);
    return act(a, v, &v->strike[last]);
}

bool effect_apply_late(struct ask *a, const struct verdict *v)
{
    const struct strike *last = &v->strike[v->strikes - 1];

    if (v->effect != EFFECT_RESET) {
        skip_all(a, v, 0);
        return false;
    }
    for (int i = 0; i + 1 < v->strikes; i++)
        skipped(a, &v->strike[i]);
    reset(a, last);
    return a->error == ECONNRESET;
}

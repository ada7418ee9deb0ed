/* Threads that wait without a time-out while a hold begins and ends: each wakes when it should, not before,
 * and for a reason. */
#include "stream.h"

#define HELD (100 * MS) /* for how long nothing may happen */

struct waiter {
    struct reader r;
    _Atomic pid_t tid;
    _Atomic uint64_t woke_ns;
    ssize_t got;
    int error;
    bool unreal; /* the wait ended with nothing, though it has no time-out: libuv aborts there */
    int in_vain; /* it was told of something, and there was nothing */
    char buf[10];
};

static void *wait_for_ever(void *argument)
{
    struct waiter *w = argument;

    w->tid = gettid();
    do {
        int told = ready(&w->r, -1);
        w->got = recv(w->r.fd, w->buf, 5, 0);
        w->error = errno;
        w->unreal |= told != 1;
        w->in_vain += w->got == -1 && w->error == EAGAIN;
    } while (w->got == -1 && w->error == EAGAIN);
    w->woke_ns = now_ns();
    return NULL;
}

static pthread_t waiting(struct waiter *w, enum manner way, int fd)
{
    pthread_t thread;

    *w = (struct waiter){.r = reader_of(way, fd)};
    if (pthread_create(&thread, NULL, wait_for_ever, w))
        give_up("pthread_create");
    while (!w->tid)
        sched_yield();
    wait_until_in(w->tid, ANY_CALL);
    return thread;
}

static void join(pthread_t thread)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += (time_t)(LONG / SECOND);
    errno = pthread_timedjoin_np(thread, NULL, &end);
    if (errno)
        give_up("a thread that should wake does not");
}

static void put(int fd)
{
    if (send(fd, "hello", 5, 0) != 5)
        give_up("send");
}

static bool still_waits(const struct waiter *w)
{
    usleep(HELD / 1000);
    return !w->woke_ns;
}

/* One who waits, and the rule that is on. */
struct scene {
    struct pair p;
    struct waiter w;
    int rule;
    bool held; /* while it should wait, it did */
    uint64_t due_ns;
};

static int arm_hold(enum fault_kind kind)
{
    return kind == FAULT_blackhole ? arm_blackhole() : arm_latency(30 * SECOND);
}

/* Armed before it waits, data while it does, lifted. */
static void lifted(struct scene *s, enum fault_kind kind, enum manner way, pthread_t *ret_thread)
{
    s->rule = arm_hold(kind);
    *ret_thread = waiting(&s->w, way, s->p.client);
    put(s->p.server);
    s->held = still_waits(&s->w);
    s->due_ns = now_ns();
    lift(s->rule);
}

/* It waits already; then the fault, and data that are held; lifted. */
static void injected(struct scene *s, enum fault_kind kind, enum manner way, pthread_t *ret_thread)
{
    *ret_thread = waiting(&s->w, way, s->p.client);
    s->rule = arm_hold(kind);
    put(s->p.server);
    s->held = still_waits(&s->w);
    s->due_ns = now_ns();
    lift(s->rule);
}

/* The fault comes and goes while nothing arrives; then data. */
static void passed_by(struct scene *s, enum fault_kind kind, enum manner way, pthread_t *ret_thread)
{
    *ret_thread = waiting(&s->w, way, s->p.client);
    s->rule = arm_hold(kind);
    s->held = still_waits(&s->w);
    lift(s->rule);
    wait_until_in(s->w.tid, ANY_CALL);
    s->held = s->held && !s->w.woke_ns;
    s->due_ns = now_ns();
    put(s->p.server);
}

/* Two of them; what arrives is held until the last is lifted. */
static void stacked(struct scene *s, enum fault_kind kind, enum manner way, pthread_t *ret_thread)
{
    int first = arm_hold(kind);

    *ret_thread = waiting(&s->w, way, s->p.client);
    s->rule = arm_hold(kind == FAULT_blackhole ? FAULT_latency : FAULT_blackhole);
    put(s->p.server);
    s->held = still_waits(&s->w);
    lift(first);
    s->held = s->held && still_waits(&s->w);
    s->due_ns = now_ns();
    lift(s->rule);
}

/* Nobody lifts it and nobody wakes anybody: the orchestrator is dead, and its lease runs out. */
static void lease_runs_out(struct scene *s, enum fault_kind kind, enum manner way, pthread_t *ret_thread)
{
    s->rule = arm_hold(kind);
    table->lease_ns = s->due_ns = now_ns() + SECOND;
    *ret_thread = waiting(&s->w, way, s->p.client);
    put(s->p.server);
    s->held = still_waits(&s->w) || now_ns() > s->due_ns;
}

/* Its own time is over. */
static void time_is_over(struct scene *s, enum fault_kind kind, enum manner way, pthread_t *ret_thread)
{
    struct rule rule = stream_rule(kind);

    rule.delay_ns = kind == FAULT_latency ? 30 * SECOND : 0;
    rule.until_ns = s->due_ns = now_ns() + 400 * MS;
    s->rule = arm(rule);
    *ret_thread = waiting(&s->w, way, s->p.client);
    put(s->p.server);
    s->held = still_waits(&s->w) || now_ns() > s->due_ns;
}

/* in_vain: how often select and a oneshot may tell of what is not there yet.  Once, to who slept in them when
 * the fault was injected: select has no sets any more to wait with again, and of a spent oneshot nobody knows
 * what it waited for.  Nobody else is told so, ever. */
static const struct {
    const char *sentence;
    int in_vain;
    void (*play)(struct scene *s, enum fault_kind kind, enum manner way, pthread_t *ret_thread);
} scenes[] = {
    {"a lift wakes who waits", 0, lifted},
    {"who waited before it was injected waits on, and wakes at the lift", 1, injected},
    {"one that came and went makes nobody deaf", 0, passed_by},
    {"with another one beside it the last lift wakes", 0, stacked},
    {"who waits wakes when the lease runs out", 0, lease_runs_out},
    {"who waits wakes when its time is over", 0, time_is_over},
};
enum { SCENES = sizeof(scenes) / sizeof(scenes[0]) };

static void play(int i, enum fault_kind kind, enum manner way)
{
    char sentence[150];
    struct scene s = {.p = connection(listening)};
    pthread_t thread;

    scenes[i].play(&s, kind, way, &thread);
    join(thread);
    bool whole = s.w.got == 5 && !memcmp(s.w.buf, "hello", 5);
    bool in_time = s.w.woke_ns >= s.due_ns && s.w.woke_ns - s.due_ns < LONG;
    snprintf(sentence, sizeof(sentence), "%s, %s: %s", fault_name(kind), way_names[way], scenes[i].sentence);
    bool sane = !s.w.unreal && s.w.in_vain <= (way == SELECT || way == ONESHOT ? scenes[i].in_vain : 0);
    fact(sentence, s.held && whole && in_time && sane);
    if (!s.held || !whole || !in_time || !sane)
        printf("# held %d whole %d woke %ld us after it was due, in vain %d, unreal %d\n", s.held, whole,
               ((long)s.w.woke_ns - (long)s.due_ns) / 1000, s.w.in_vain, s.w.unreal);
    lift(s.rule);
    reader_end(&s.w.r);
    hang_up(s.p);
}

int main(int argc, char **argv)
{
    static const enum fault_kind kinds[] = {FAULT_latency, FAULT_blackhole};

    (void)argc;
    stream_begin(argv, 2 * WAYS * SCENES);
    for (int k = 0; k < 2; k++)
        for (enum manner way = 0; way < WAYS; way++)
            for (int i = 0; i < SCENES; i++)
                play(i, kinds[k], way);
    return 0;
}

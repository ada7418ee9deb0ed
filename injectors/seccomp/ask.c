/* From a notification to a verdict.  Floor 1. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injectors/seccomp/internal.h"

/* --- what it is about --- */

static int option_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t len = sizeof(value);

    return getsockopt(fd, level, option, &value, &len) ? -1 : value;
}

/* Where a second connect asks how the first one goes, the kernel knows the answer. */
static bool is_unconnected(int fd, bool is_inet)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info.tcpi_state);
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof(peer);

    if (is_inet)
        return !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) && info.tcpi_state == TCP_CLOSE;
    return getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0;
}

/* One that lives elsewhere could not be led to us. */
static bool is_of_our_network(int fd)
{
    uint64_t theirs = 0, ours = 0;
    socklen_t len = sizeof(theirs);
    int own = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool known = own >= 0 && !getsockopt(own, SOL_SOCKET, SO_NETNS_COOKIE, &ours, &len) &&
                 !getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &theirs, &len);

    if (own >= 0)
        close(own);
    return !known || theirs == ours;
}

/* Does the shim answer there?  After exec its place may be another program's. */
static bool is_of_the_shim(const struct server *server, int pid)
{
    for (int i = 0; i < SLOT_MAX; i++) {
        const struct slot *slot = &server->table->slots[i];
        if (atomic_load(&slot->pid) == (uint32_t)pid && slot->joined_ns != SLOT_RETIRED)
            return remote_has_mapped(pid, server->supervision->control_path);
    }
    return false;
}

/* Or wherever it goes, where a rule names no dependency. */
bool question_concerns(const struct server *server, struct question *q)
{
    if (!remote_address(&q->notice, &q->there))
        return false;
    q->targets = address_targets(server->table, &q->there, false, (int)q->notice.pid);
    uint32_t armed = atomic_load(&server->table->armed[CALL_connect]);
    return (q->targets || armed & TARGET_ANY) && notice_is_valid(q->listener->fd, q->notice.id);
}

static bool is_a_stream(struct opening *o)
{
    socklen_t len = sizeof(o->cookie);

    return option_of(o->fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM &&
           is_unconnected(o->fd, address_is_inet(&o->there)) &&
           !getsockopt(o->fd, SOL_SOCKET, SO_COOKIE, &o->cookie, &len) &&
           !socket_is_again(o->server, o->cookie) && is_of_our_network(o->fd);
}

/* Fetches the socket.  False: whatever it is, it is none of ours to answer. */
static bool opening_look(struct opening *o)
{
    o->pid = remote_process((int)o->notice->pid);
    if (!o->pid || is_of_the_shim(o->server, o->pid))
        return false;
    o->fd = remote_descriptor((int)o->notice->pid, (int)o->notice->data.args[0]);
    if (o->fd < 0 || !notice_is_valid(o->listener->fd, o->notice->id) || !is_a_stream(o))
        return false;
    o->waits = !(fcntl(o->fd, F_GETFL) & O_NONBLOCK);
    return true;
}

/* --- what becomes of it --- */

static uint32_t service_bit(const struct opening *o)
{
    return o->listener->service < SERVICE_MAX ? 1u << o->listener->service : 0;
}

static bool decided(const struct opening *o, uint32_t only, struct verdict *ret_verdict)
{
    struct subject subject = {.call = CALL_connect,
                              .targets = o->targets,
                              .service = service_bit(o),
                              .direction = DIRECTION_OUTBOUND,
                              .only = only,
                              .now_ns = server_now_ns()};

    return decide(o->server->table, &subject, ret_verdict);
}

static void journal(const struct opening *o, const struct strike *strike, enum record_kind kind, int error,
                    uint64_t delay_ns)
{
    struct record record = {
        .time_ns = server_now_ns(),
        .number = strike->number,
        .pid = (uint32_t)o->pid,
        .tid = o->notice->pid,
        .fd = (int32_t)o->notice->data.args[0],
        .error = error,
        .rule = strike->rule,
        .call = CALL_connect,
        .kind = (uint8_t)kind,
        .effect = strike->effect,
        .service = (uint8_t)o->listener->service,
        .delay_ns = delay_ns,
    };

    if (kind == RECORD_HIT)
        decide_landed(o->server->table, strike);
    else
        decide_skipped(o->server->table, strike);
    ring_put(&o->server->table->ring, &record);
}

/* What holds it.  A `delay` holds as `latency` does, where the call waits. */
static void hold(const struct opening *o, struct mark *mark)
{
    struct verdict v;

    if (!decided(o, 1u << EFFECT_HOLD, &v))
        return;
    for (int i = 0; i < v.strikes; i++) {
        const struct strike *strike = &v.strike[i];
        uint64_t delay_ns = stream_hold_by(mark, &o->server->table->rules[strike->rule % RULE_MAX], strike);
        journal(o, strike, RECORD_HIT, 0, delay_ns);
    }
}

static void delay(const struct opening *o, const struct strike *strike, struct mark *mark)
{
    uint64_t delay_ns = o->server->table->rules[strike->rule % RULE_MAX].delay_ns;

    if (o->waits && address_is_inet(&o->there))
        stream_hold(mark, strike->rule, delay_ns);
    journal(o, strike, o->waits ? RECORD_HIT : RECORD_SKIPPED, 0, delay_ns);
}

/* The area is not believed: an errno that is none would confuse the program. */
static int error_checked(int error)
{
    return error > 0 && error < 4096 ? error : EIO;
}

/* Returns true when it is answered. */
static bool strike_all(const struct opening *o, const struct verdict *v, struct mark *mark)
{
    for (int i = 0; i < v->strikes; i++) {
        const struct strike *strike = &v->strike[i];
        switch ((enum effect)strike->effect) {
        case EFFECT_WAIT: delay(o, strike, mark); break;
        case EFFECT_FAIL:
            journal(o, strike, RECORD_HIT, error_checked(v->error), 0);
            open_fail(o, error_checked(v->error));
            return true;
        case EFFECT_REFUSE:
            journal(o, strike, RECORD_HIT, ECONNREFUSED, 0);
            open_refuse(o);
            return true;
        case EFFECT_NONE:
        case EFFECT_RESET:
        case EFFECT_OUTAGE:
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
        case EFFECT_COUNT: journal(o, strike, RECORD_SKIPPED, 0, 0); break;
        }
    }
    return false;
}

static void count(const struct opening *o)
{
    for (uint32_t rest = o->targets & o->server->table->watched & ~TARGET_ANY; rest; rest &= rest - 1) {
        struct traffic *traffic = &o->server->table->traffic[__builtin_ctz(rest)];
        atomic_fetch_add(&traffic->connects, 1);
        atomic_fetch_add(&traffic->calls, 1);
    }
}

static bool acts_as_we_do(const struct opening *o)
{
    char path[32];
    struct stat st;

    snprintf(path, sizeof(path), "/proc/%d", o->pid);
    return !stat(path, &st) && st.st_uid == geteuid() && st.st_gid == getegid();
}

/* Nothing of a socket that is bound to a device reaches us, and MPTCP knows no simultaneous open. */
static bool can_be_relayed(const struct opening *o)
{
    return !address_is_inet(&o->there) ||
           (option_of(o->fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP && !socket_has_device(o->fd));
}

static void opening_answer(const struct opening *o)
{
    uint64_t now_ns = server_now_ns();
    struct mark mark = {.first_ns = now_ns, .arrival_ns = now_ns};
    struct verdict v;

    count(o);
    if (decided(o, 0, &v) && strike_all(o, &v, &mark))
        return;
    if (!o->targets) {
        notice_pass(o->listener->fd, o->notice->id);
        return;
    }
    bool can = can_be_relayed(o), is_relayed = can && o->targets & atomic_load(&o->server->table->relayed);
    if (can && address_is_inet(&o->there))
        hold(o, &mark);
    if ((can && mark.holds) || (is_relayed && address_is_inet(&o->there)))
        open_relayed(o, &mark);
    else if (is_relayed && !address_is_inet(&o->there) && acts_as_we_do(o))
        open_relayed_path(o);
    else if (address_is_inet(&o->there))
        open_directly(o);
    else /* made by us, it would be with our rights, and the peer would see us (SO_PEERCRED) */
        notice_pass(o->listener->fd, o->notice->id);
}

void question_answer(struct server *server, const struct question *q)
{
    struct opening o = {.server = server,
                        .listener = q->listener,
                        .notice = &q->notice,
                        .there = q->there,
                        .targets = q->targets,
                        .fd = -1};

    if (opening_look(&o))
        opening_answer(&o);
    else
        notice_pass(q->listener->fd, q->notice.id);
    listener_answered(q->listener, q->notice.id);
    if (o.fd >= 0)
        close(o.fd);
}

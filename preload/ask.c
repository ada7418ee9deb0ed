/* Asking: from a call to its dependencies, to a decision, to what is done.  Floor 1. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>

#include "preload/ask.h"
#include "preload/canned.h"
#include "preload/datagram.h"
#include "preload/descriptor.h"
#include "preload/effect.h"
#include "preload/endpoint.h"
#include "preload/flow.h"
#include "preload/name.h"
#include "preload/observe.h"
#include "preload/open.h"
#include "preload/outbox.h"
#include "preload/request.h"
#include "preload/respond.h"
#include "preload/shim.h"
#include "preload/traffic.h"

static void identify_descriptor(struct ask *a)
{
    a->known = a->fd < 0 ? 0 : descriptor_find(a->fd);
    a->targets = known_targets(a->known);
    a->direction = known_direction(a->known);
}

static void identify_address(struct ask *a)
{
    a->type = endpoint_type(a->fd);
    a->targets = endpoint_given(a->fd, a->address, a->address_len, a->type);
    a->direction = DIRECTION_OUTBOUND;
}

/* An address beside a stream's bytes is ignored by the kernel, and so here. */
static void identify_message(struct ask *a)
{
    identify_descriptor(a);
    if (a->address && !(a->known & KNOWN_STREAM)) {
        a->known = 0;
        identify_address(a);
    }
}

/* A name, or the address whose name is looked for: there the port means nothing. */
static void identify_host(struct ask *a)
{
    struct endpoint end;

    if (a->host)
        a->targets = name_targets(a->host);
    else if (endpoint_read(a->address, a->address_len, SOCK_STREAM, &end))
        a->targets = endpoint_host_targets(end.address);
}

static void identify(struct ask *a)
{
    switch (call_role(a->call)) {
    case ROLE_OPEN: identify_address(a); break;
    case ROLE_SEND: identify_message(a); break;
    case ROLE_RESOLVE: identify_host(a); break;
    case ROLE_ALLOCATE: break;
    case ROLE_ACCEPT:
    case ROLE_RECEIVE:
    case ROLE_READY:
    case ROLE_DESCRIPTOR:
    case ROLE_COUNT: identify_descriptor(a); break;
    }
}

/* The base name of the object that an address lies in.  Lock-free, unlike dladdr (glibc 2.35). */
static const char *object_name(const void *address)
{
    struct dl_find_object found;

    if (_dl_find_object((void *)address, &found))
        return NULL;
    const char *path = found.dlfo_link_map->l_name;
    if (!path || !*path)
        return program_invocation_short_name;
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What only memory rules look at, and only when one does: mallinfo2 walks every arena's free lists under its
 * lock, some microseconds in a small heap and more in a fragmented one. */
static void find_out_memory(const struct ask *a, struct subject *s)
{
    s->size_bytes = a->size_bytes;
    if (decide_needs_heap(&control.table)) {
        struct mallinfo2 heap = mallinfo2();
        s->heap_bytes = heap.uordblks + heap.hblkhd;
    }
    if (decide_needs_caller(&control.table))
        s->caller = object_name(a->return_address);
}

static bool is_datagram(const struct ask *a)
{
    return a->known ? !(a->known & KNOWN_STREAM) : a->type == SOCK_DGRAM;
}

struct subject ask_subject(const struct ask *a)
{
    return (struct subject){
        .call = a->call,
        .targets = a->targets,
        .service = shim_service_bit(),
        .direction = a->direction,
        .now_ns = shim_now_ns(),
        .is_literal = a->is_literal,
        .is_datagram = is_datagram(a),
        .requests = &a->requests,
    };
}

static bool decided(const struct ask *a, struct verdict *ret_verdict, bool is_late)
{
    struct subject s = ask_subject(a);

    if (!shim_has_lease(s.now_ns))
        return false;
    s.is_late = is_late;
    if (call_role(a->call) == ROLE_ALLOCATE)
        find_out_memory(a, &s);
    return decide(&control.table, &s, ret_verdict);
}

/* What is to be severed by now is, before anything is sent on it. */
static void look_before(struct ask *a)
{
    struct line_view v;

    if (call_role(a->call) != ROLE_SEND || !line_concerns(a->known) || !decide_needs_time(&control.table))
        return;
    line_look(a->fd, a->known, &v);
    a->was_reset = descriptor_peek(a->fd) & KNOWN_RESET;
}

/* Nothing can be sent before the end of connecting is told. */
static bool is_hindered(struct ask *a)
{
    a->error = open_hinders(a);
    if (!a->error)
        return false;
    descriptor_set(a->fd, a->known);
    a->result = -1;
    return true;
}

static bool judge(struct ask *a)
{
    uint32_t armed = shim_armed(a->call);
    struct verdict v;

    if (!armed)
        return false;
    a->was_asked = true;
    a->epoch = shim_epoch();
    identify(a);
    outbox_settle();
    if (!((a->targets | TARGET_ANY) & armed))
        return false;
    /* The number may be another file's by now; what is not the target's is neither counted nor judged as if
     * it were. */
    if (known_targets(a->known) && !descriptor_holds(a->fd, a->known))
        identify(a);
    request_ask(a);
    traffic_ask(a);
    observe_ask(a);
    look_before(a);
    if (a->was_reset)
        return false;
    if (decided(a, &v, false) && effect_apply(a, &v))
        return true;
    if (call_role(a->call) != ROLE_SEND)
        return false;
    if (a->known & KNOWN_CONNECTING && is_hindered(a))
        return true;
    if (is_datagram(a))
        return datagram_send(a);
    a->is_boxed = !a->was_reset && (respond_takes(a) || outbox_takes(a));
    return false;
}

/* What is kept of sends into a hole that is over goes out with whatever call comes next. */
bool ask_is_apart(enum call call, int fd)
{
    uint32_t armed = shim_armed(call);

    return !(armed & TARGET_ANY) && descriptor_is_apart(fd, armed) &&
           !atomic_load_explicit(&control.table.leftovers, memory_order_relaxed);
}

bool ask(struct ask *a)
{
    struct stay stay;

    if (!shim_enter(&stay))
        return false;
    bool ends = judge(a);
    if (ends && a->result < 0)
        traffic_failed(a, a->error);
    shim_leave(&stay);
    return ends;
}

int ask_answer(const struct ask *a)
{
    if (a->result < 0)
        errno = a->error;
    return a->result;
}

/* The table changed while the call slept in the kernel: perhaps a reset woke it. */
static bool ask_late(struct ask *a)
{
    struct stay stay;
    struct verdict v;
    bool reset = false;

    if (!shim_enter(&stay))
        return false;
    if (known_targets(a->known) && decided(a, &v, true))
        reset = effect_apply_late(a, &v);
    shim_leave(&stay);
    return reset;
}

static ssize_t is_reset(void)
{
    errno = ECONNRESET;
    return -1;
}

/* Only where something was armed, ever, and on a stream: others have reasons of their own for EPIPE. */
ssize_t ask_woken(int fd, ssize_t result)
{
    /* The end that woke it is ours, and no end: it has to call again, as after a signal, to be asked about.
     */
    if (!result && canned_is_unread(fd)) {
        errno = EINTR;
        return -1;
    }
    if (result != -1 || errno != EPIPE || !shim_epoch())
        return result;
    if (endpoint_type(fd) == SOCK_STREAM)
        return is_reset();
    errno = EPIPE;
    return result;
}

ssize_t ask_straddled(enum call call, int fd, int flags, ssize_t result)
{
    if (!ask_is_apart(call, fd))
        flow_late(call, fd, flags);
    return result;
}

ssize_t ask_done(struct ask *a, ssize_t result)
{
    bool receives = call_role(a->call) == ROLE_RECEIVE;

    if (!a->was_asked)
        return receives && result <= 0 ? ask_woken(a->fd, result) : result;
    if (a->was_reset) {
        traffic_failed(a, ECONNRESET);
        return result == -1 && errno == EPIPE && !receives ? result : is_reset();
    }
    if (receives && result <= 0 && a->epoch != shim_epoch() && ask_late(a)) {
        traffic_failed(a, ECONNRESET);
        return is_reset();
    }
    /* After a reset by its peer a connection reads as ended; after ours the kernel says that there is none.
     */
    if (receives && result == -1 && errno == ENOTCONN && a->known & KNOWN_RESET)
        return 0;
    traffic_done(a, result);
    respond_sent(a, result);
    observe_done(a, result);
    if (receives && result > 0 && a->epoch != shim_epoch())
        flow_late(a->call, a->fd, a->flags);
    bool is_woken = result < 0 || (!result && a->epoch != shim_epoch());
    return receives && is_woken ? ask_woken(a->fd, result) : result;
}

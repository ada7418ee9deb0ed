/* Calls by which a program asks name servers for records of any kind, or for several names at a time.
 * Floor 1.
 *
 * Their sockets are libc's own, which do not come through us, so this is where they can fail.  What they
 * answer is not noted (name.h): records are the program's to read.
 *
 * Accepted limits: of one getaddrinfo_a, ASYNC_STRUCK names can fail; and what it does in the background is
 * never delayed. */
#include <errno.h>
#include <string.h>

#include "preload/ask.h"
#include "preload/dns.h"
#include "preload/name.h"
#include "preload/shim.h"

#define ASYNC_STRUCK 32
#define NAME_BYTES   256 /* a name has at most 253 */

static int no_answer(int error)
{
    h_errno = error;
    return -1;
}

static int no_answer_for(res_state state, int error)
{
    if (state)
        state->res_h_errno = error;
    return no_answer(error);
}

EXPORT int res_query(const char *name, int class, int type, unsigned char *answer, int size)
{
    int error;

    if (!is_idle(CALL_res_query) && dns_host_asks(CALL_res_query, name, &error))
        return no_answer(error);
    return real.res_query(name, class, type, answer, size);
}

EXPORT int res_search(const char *name, int class, int type, unsigned char *answer, int size)
{
    int error;

    if (!is_idle(CALL_res_query) && dns_host_asks(CALL_res_query, name, &error))
        return no_answer(error);
    return real.res_search(name, class, type, answer, size);
}

EXPORT int res_nquery(res_state state, const char *name, int class, int type, unsigned char *answer, int size)
{
    int error;

    if (!is_idle(CALL_res_query) && dns_host_asks(CALL_res_query, name, &error))
        return no_answer_for(state, error);
    return real.res_nquery(state, name, class, type, answer, size);
}

EXPORT int res_nsearch(res_state state, const char *name, int class, int type, unsigned char *answer,
                       int size)
{
    int error;

    if (!is_idle(CALL_res_query) && dns_host_asks(CALL_res_query, name, &error))
        return no_answer_for(state, error);
    return real.res_nsearch(state, name, class, type, answer, size);
}

/* A name too long to be one fits no target. */
static bool whole_asks(const char *name, const char *domain, int *ret_error)
{
    size_t len = strnlen(name, NAME_BYTES), more = domain ? strnlen(domain, NAME_BYTES) + 1 : 0;
    char whole[NAME_BYTES];

    if (len + more >= NAME_BYTES)
        return false;
    memcpy(whole, name, len);
    if (domain) {
        whole[len] = '.';
        memcpy(whole + len + 1, domain, more - 1);
    }
    whole[len + more] = '\0';
    return dns_host_asks(CALL_res_query, whole, ret_error);
}

EXPORT int res_querydomain(const char *name, const char *domain, int class, int type, unsigned char *answer,
                           int size)
{
    int error;

    if (!is_idle(CALL_res_query) && whole_asks(name, domain, &error))
        return no_answer(error);
    return real.res_querydomain(name, domain, class, type, answer, size);
}

EXPORT int res_nquerydomain(res_state state, const char *name, const char *domain, int class, int type,
                            unsigned char *answer, int size)
{
    int error;

    if (!is_idle(CALL_res_query) && whole_asks(name, domain, &error))
        return no_answer_for(state, error);
    return real.res_nquerydomain(state, name, domain, class, type, answer, size);
}

/* The names that programs are bound to that were linked before glibc 2.34; the same functions in libc. */
extern __typeof__(res_query) __res_query __THROW EXPORT __attribute__((alias("res_query")));
extern __typeof__(res_search) __res_search __THROW EXPORT __attribute__((alias("res_search")));
extern __typeof__(res_querydomain) __res_querydomain __THROW EXPORT __attribute__((alias("res_querydomain")));
extern __typeof__(res_nquery) __res_nquery __THROW EXPORT __attribute__((alias("res_nquery")));
extern __typeof__(res_nsearch) __res_nsearch __THROW EXPORT __attribute__((alias("res_nsearch")));
extern __typeof__(res_nquerydomain) __res_nquerydomain __THROW EXPORT
    __attribute__((alias("res_nquerydomain")));

/* --- getaddrinfo_a --- */

struct struck {
    struct gaicb *request;
    int place;
};

static bool request_fails(struct gaicb *request, int mode)
{
    const struct addrinfo *hints = request->ar_request;
    struct ask a = {.call = CALL_getaddrinfo,
                    .fd = -1,
                    .flags = mode == GAI_NOWAIT ? MSG_DONTWAIT : 0,
                    .host = request->ar_name,
                    .is_literal =
                        name_is_literal(request->ar_name) || (hints && hints->ai_flags & AI_NUMERICHOST)};

    if (!ask(&a))
        return false;
    request->__return = a.error;
    return true;
}

/* libc passes over a NULL in the list, and tells of a request what its __return says. */
static int hide_struck(struct gaicb **list, int count, int mode, struct struck *ret_struck)
{
    int hidden = 0;

    for (int i = 0; i < count && hidden < ASYNC_STRUCK; i++) {
        if (!list[i] || !request_fails(list[i], mode))
            continue;
        ret_struck[hidden++] = (struct struck){list[i], i};
        list[i] = NULL;
    }
    return hidden;
}

EXPORT int getaddrinfo_a(int mode, struct gaicb *list[restrict], int count, struct sigevent *restrict event)
{
    struct struck struck[ASYNC_STRUCK];

    if (is_idle(CALL_getaddrinfo) || !list)
        return real.getaddrinfo_a(mode, list, count, event);
    int hidden = hide_struck(list, count, mode, struck);
    int result = real.getaddrinfo_a(mode, list, count, event);
    for (int i = 0; i < hidden; i++)
        list[struck[i].place] = struck[i].request;
    return result;
}

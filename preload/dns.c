/* Calls that resolve names.  Floor 1.
 *
 * libc's own resolver does not reach its sockets through us, so these are where a name can fail.  What they
 * answer is noted (name.h) even when nothing is armed: a program resolves long before a fault. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "preload/ask.h"
#include "preload/dns.h"
#include "preload/name.h"
#include "preload/shim.h"

static int noted(const char *host, const struct addrinfo *list, int error)
{
    if (!error && list)
        name_note_list(host, list);
    return error;
}

EXPORT int getaddrinfo(const char *restrict host, const char *restrict service,
                       const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
    if (!is_idle(CALL_getaddrinfo)) {
        struct ask a = {
            .call = CALL_getaddrinfo, .fd = -1, .host = host, .is_literal = name_is_literal(host)};
        if (hints && hints->ai_flags & AI_NUMERICHOST)
            a.is_literal = true;
        if (ask(&a))
            return a.error;
    }
    int error = real.getaddrinfo(host, service, hints, ret);
    return noted(host, error ? NULL : *ret, error);
}

EXPORT int getnameinfo(const struct sockaddr *restrict address, socklen_t len, char *restrict host,
                       socklen_t host_len, char *restrict service, socklen_t service_len, int flags)
{
    if (is_idle(CALL_getnameinfo))
        return real.getnameinfo(address, len, host, host_len, service, service_len, flags);
    struct ask a = {.call = CALL_getnameinfo,
                    .fd = -1,
                    .address = address,
                    .address_len = len,
                    .is_literal = flags & NI_NUMERICHOST || !host};

    if (ask(&a))
        return a.error;
    return real.getnameinfo(address, len, host, host_len, service, service_len, flags);
}

/* The older family says the same in h_errno's terms. */
static int host_error(int eai)
{
    switch (eai) {
    case EAI_NONAME: return HOST_NOT_FOUND;
    case EAI_AGAIN: return TRY_AGAIN;
    default: return NO_RECOVERY;
    }
}

bool dns_host_asks(enum call call, const char *host, int *ret_error)
{
    struct ask a = {.call = call, .fd = -1, .host = host, .is_literal = name_is_literal(host)};
    bool ends = ask(&a);

    *ret_error = host_error(a.error);
    return ends;
}

static struct hostent *no_host(int error)
{
    h_errno = error;
    return NULL;
}

/* What glibc's reentrant ones return: 0 for a name that is not there, an errno for one that could not be
 * asked for (nss/getXXbyYY_r.c). */
static int no_host_r(int error, struct hostent **ret, int *ret_error)
{
    *ret = NULL;
    *ret_error = error;
    if (error == HOST_NOT_FOUND)
        return 0;
    errno = error == TRY_AGAIN ? EAGAIN : ENOENT;
    return errno;
}

static struct hostent *noted_host(const char *host, struct hostent *entry)
{
    name_note_host(host, entry);
    return entry;
}

static int noted_host_r(const char *host, const struct hostent *entry, int error)
{
    if (!error)
        name_note_host(host, entry);
    return error;
}

EXPORT struct hostent *gethostbyname(const char *host)
{
    int error;

    if (!is_idle(CALL_gethostbyname) && dns_host_asks(CALL_gethostbyname, host, &error))
        return no_host(error);
    return noted_host(host, real.gethostbyname(host));
}

EXPORT struct hostent *gethostbyname2(const char *host, int family)
{
    int error;

    if (!is_idle(CALL_gethostbyname2) && dns_host_asks(CALL_gethostbyname2, host, &error))
        return no_host(error);
    return noted_host(host, real.gethostbyname2(host, family));
}

EXPORT int gethostbyname_r(const char *restrict host, struct hostent *restrict entry, char *restrict buf,
                           size_t len, struct hostent **restrict ret, int *restrict ret_error)
{
    int error;

    if (!is_idle(CALL_gethostbyname_r) && dns_host_asks(CALL_gethostbyname_r, host, &error))
        return no_host_r(error, ret, ret_error);
    int result = real.gethostbyname_r(host, entry, buf, len, ret, ret_error);
    return noted_host_r(host, *ret, result);
}

EXPORT int gethostbyname2_r(const char *restrict host, int family, struct hostent *restrict entry,
                            char *restrict buf, size_t len, struct hostent **restrict ret,
                            int *restrict ret_error)
{
    int error;

    if (!is_idle(CALL_gethostbyname2_r) && dns_host_asks(CALL_gethostbyname2_r, host, &error))
        return no_host_r(error, ret, ret_error);
    int result = real.gethostbyname2_r(host, family, entry, buf, len, ret, ret_error);
    return noted_host_r(host, *ret, result);
}

/* A bare address as one that can be asked about; of no family that we know, it belongs to nothing. */
static void address_of(const void *raw, socklen_t len, int family, struct sockaddr_in6 *ret)
{
    struct sockaddr_in *in = (void *)ret;

    memset(ret, 0, sizeof(*ret));
    if (family == AF_INET && len == sizeof(in->sin_addr))
        memcpy(&in->sin_addr, raw, len);
    else if (family == AF_INET6 && len == sizeof(ret->sin6_addr))
        memcpy(&ret->sin6_addr, raw, len);
    else
        family = AF_UNSPEC;
    ret->sin6_family = (sa_family_t)family;
}

static bool address_asks(enum call call, const void *raw, socklen_t len, int family, int *ret_error)
{
    struct sockaddr_in6 address;
    struct ask a = {
        .call = call, .fd = -1, .address = (const void *)&address, .address_len = sizeof(address)};

    address_of(raw, len, family, &address);
    bool ends = ask(&a);
    *ret_error = host_error(a.error);
    return ends;
}

EXPORT struct hostent *gethostbyaddr(const void *raw, socklen_t len, int family)
{
    int error;

    if (!is_idle(CALL_gethostbyaddr) && address_asks(CALL_gethostbyaddr, raw, len, family, &error))
        return no_host(error);
    return real.gethostbyaddr(raw, len, family);
}

EXPORT int gethostbyaddr_r(const void *restrict raw, socklen_t len, int family,
                           struct hostent *restrict entry, char *restrict buf, size_t buf_len,
                           struct hostent **restrict ret, int *restrict ret_error)
{
    int error;

    if (!is_idle(CALL_gethostbyaddr_r) && address_asks(CALL_gethostbyaddr_r, raw, len, family, &error))
        return no_host_r(error, ret, ret_error);
    return real.gethostbyaddr_r(raw, len, family, entry, buf, buf_len, ret, ret_error);
}

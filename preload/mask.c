/* EPOLL_CTL_MOD with a memory.  Floor 1. */
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "preload/mask.h"

/* Bits of a registration that the kernel keeps and no file's poll uses. */
#define BIT_MASKED    (1u << 24)
#define BIT_LEVEL     (1u << 25) /* it was not edge-triggered */
#define BIT_ONESHOT   (1u << 26) /* it was oneshot */
#define BIT_EXCLUSIVE (1u << 23)
#define BITS          (BIT_MASKED | BIT_LEVEL | BIT_ONESHOT | BIT_EXCLUSIVE)

static uint32_t masked(uint32_t events)
{
    uint32_t m = (events & ~(uint32_t)(EPOLLONESHOT | EPOLLEXCLUSIVE)) | EPOLLET | BIT_MASKED;

    m |= events & EPOLLET ? 0 : BIT_LEVEL;
    m |= events & EPOLLONESHOT ? BIT_ONESHOT : 0;
    return m | (events & EPOLLEXCLUSIVE ? BIT_EXCLUSIVE : 0);
}

static uint32_t unmasked(uint32_t m)
{
    uint32_t events = m & ~BITS;

    if (!(m & BIT_MASKED))
        return m;
    events &= m & BIT_LEVEL ? ~(uint32_t)EPOLLET : ~0u;
    events |= m & BIT_ONESHOT ? EPOLLONESHOT : 0;
    return events | (m & BIT_EXCLUSIVE ? EPOLLEXCLUSIVE : 0);
}

/* An exclusive registration cannot be modified. */
static bool change(int epfd, const struct registration *r, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.u64 = r->data};

    if (!(r->events & EPOLLEXCLUSIVE))
        return !real.epoll_ctl(epfd, EPOLL_CTL_MOD, r->fd, &e);
    return !real.epoll_ctl(epfd, EPOLL_CTL_DEL, r->fd, &e) && !real.epoll_ctl(epfd, EPOLL_CTL_ADD, r->fd, &e);
}

bool mask_set(int epfd, struct registration *r)
{
    r->is_masked = true;
    return change(epfd, r, masked(r->events));
}

bool mask_restore(int epfd, struct registration *r)
{
    r->is_masked = false;
    return change(epfd, r, r->events);
}

bool mask_spend(int epfd, struct registration *r)
{
    r->is_spent = true;
    r->is_masked = false;
    return change(epfd, r, EPOLLONESHOT | EPOLLET);
}

/* --- /proc/self/fdinfo/N: "tfd: %8d events: %8x data: %16llx ..." --- */

static void path_of(int epfd, char ret[static 40])
{
    static const char prefix[] = "/proc/self/fdinfo/";
    char digits[12];
    int len = 0;

    memcpy(ret, prefix, sizeof(prefix));
    for (unsigned n = (unsigned)epfd; n || !len; n /= 10)
        digits[len++] = (char)('0' + n % 10);
    for (int i = 0; i < len; i++)
        ret[sizeof(prefix) - 1 + (size_t)i] = digits[len - 1 - i];
    ret[sizeof(prefix) - 1 + (size_t)len] = 0;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static const char *number(const char *at, unsigned base, uint64_t *ret)
{
    *ret = 0;
    while (*at == ' ')
        at++;
    for (; (unsigned)digit_of(*at) < base; at++)
        *ret = *ret * base + (unsigned)digit_of(*at);
    return at;
}

static const char *word(const char *at, const char *wanted)
{
    while (at && *at == ' ')
        at++;
    while (at && *wanted)
        if (*at++ != *wanted++)
            return NULL;
    return at;
}

static bool parse(const char *line, struct mask_seen *ret)
{
    uint64_t fd, events;
    const char *at = word(line, "tfd:");

    at = at ? word(number(at, 10, &fd), "events:") : NULL;
    at = at ? word(number(at, 16, &events), "data:") : NULL;
    if (!at)
        return false;
    number(at, 16, &ret->data);
    ret->fd = (int)fd;
    ret->is_masked = events & BIT_MASKED;
    ret->events = unmasked((uint32_t)events);
    return true;
}

static void take_line(struct set *s, char line[static 100], size_t len, mask_visit *visit)
{
    struct mask_seen seen;

    line[len < 99 ? len : 99] = 0;
    if (parse(line, &seen))
        visit(s, &seen);
}

bool mask_each(struct set *s, mask_visit *visit)
{
    char path[40], some[256], line[100];
    size_t len = 0;
    ssize_t got;

    path_of(s->epfd, path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while ((got = syscall(SYS_read, fd, some, sizeof(some))) > 0)
        for (ssize_t i = 0; i < got; i++) {
            if (some[i] == '\n') {
                take_line(s, line, len, visit);
                len = 0;
            } else if (len < sizeof(line) - 1) {
                line[len++] = some[i];
            }
        }
    syscall(SYS_close, fd);
    return true;
}

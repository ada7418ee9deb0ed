/* What the stream tests share: the ways to wait for a connection, and rules.  The process plays both ends;
 * the rules are outbound, so that the server's end is left alone. */
#ifndef TESTS_STREAM_H
#define TESTS_STREAM_H

#include <dirent.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "host.h"

#define CACHE (1u << 0)
#define LONG  (20 * SECOND) /* a noisy machine may take so long for anything */

static int listening;

static UNUSED uint64_t since(uint64_t start_ns)
{
    return now_ns() - start_ns;
}

enum manner { BLOCKING, POLL, SELECT, LEVEL, EDGE, ONESHOT, WAYS };

static const char *const way_names[WAYS] UNUSED = {"blocking", "poll", "select", "level", "edge", "oneshot"};

/* The name of a fact that is one of each way. */
static UNUSED const char *by_way(enum manner way, const char *what)
{
    static char sentence[160];

    snprintf(sentence, sizeof(sentence), "%s: %s", way_names[way], what);
    return sentence;
}

/* One end, and how it is waited for. */
struct reader {
    enum manner way;
    int fd, set;
};

static UNUSED uint32_t events_of(enum manner way)
{
    return EPOLLIN | EPOLLRDHUP | (way == EDGE ? EPOLLET : way == ONESHOT ? EPOLLONESHOT : 0);
}

static UNUSED void non_blocking(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);

    fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

static UNUSED struct reader reader_of(enum manner way, int fd)
{
    struct reader r = {.way = way, .fd = fd, .set = -1};
    struct epoll_event e = {.events = events_of(way), .data.fd = fd};

    non_blocking(fd, way != BLOCKING);
    if (way < LEVEL)
        return r;
    r.set = epoll_create1(EPOLL_CLOEXEC);
    if (r.set < 0 || epoll_ctl(r.set, EPOLL_CTL_ADD, fd, &e))
        give_up("epoll");
    return r;
}

static UNUSED void reader_end(struct reader *r)
{
    if (r->set >= 0)
        close(r->set);
}

static UNUSED int wait_select(int fd, int ms)
{
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    fd_set in;

    FD_ZERO(&in);
    FD_SET(fd, &in);
    return select(fd + 1, &in, NULL, NULL, ms < 0 ? NULL : &limit);
}

static UNUSED int wait_epoll(struct reader *r, int ms)
{
    struct epoll_event e = {.events = events_of(r->way), .data.fd = r->fd};
    int got = epoll_wait(r->set, &e, 1, ms);

    if (got == 1 && e.data.fd != r->fd)
        return -2;
    e = (struct epoll_event){.events = events_of(r->way), .data.fd = r->fd};
    if (got == 1 && r->way == ONESHOT)
        epoll_ctl(r->set, EPOLL_CTL_MOD, r->fd, &e);
    return got;
}

/* 1: it may be read. */
static UNUSED int ready(struct reader *r, int ms)
{
    struct pollfd p = {.fd = r->fd, .events = POLLIN | POLLRDHUP};

    switch (r->way) {
    case BLOCKING: return 1;
    case POLL: return poll(&p, 1, ms);
    case SELECT: return wait_select(r->fd, ms);
    case LEVEL:
    case EDGE:
    case ONESHOT:
    case WAYS: break;
    }
    return wait_epoll(r, ms);
}

/* As an event loop reads: try, and wait when there is nothing.  -1: nothing came in time. */
static UNUSED ssize_t get(struct reader *r, void *buf, size_t len, int ms)
{
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    uint64_t end = now_ns() + (uint64_t)ms * MS;

    if (r->way == BLOCKING)
        setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    for (;;) {
        ssize_t got = recv(r->fd, buf, len, 0);
        if (got >= 0 || errno != EAGAIN || r->way == BLOCKING || now_ns() >= end)
            return got;
        ready(r, (int)((end - now_ns()) / MS) + 1);
    }
}

static UNUSED bool get_all(struct reader *r, char *buf, size_t len, int ms)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = get(r, buf + at, len - at, ms);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

/* Wait until it may be written to, in any way but the blocking one; set: as set_of makes it. */
static UNUSED int out_ready(enum manner way, int fd, int set, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    struct epoll_event e;
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    fd_set out;

    if (way == POLL)
        return poll(&p, 1, ms);
    if (way != SELECT)
        return epoll_wait(set, &e, 1, ms);
    FD_ZERO(&out);
    FD_SET(fd, &out);
    return select(fd + 1, NULL, &out, NULL, &limit);
}

static UNUSED int out_set_of(enum manner way, int fd)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT};
    int set = epoll_create1(EPOLL_CLOEXEC);

    e.events |= way == EDGE ? EPOLLET : way == ONESHOT ? EPOLLONESHOT : 0;
    if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &e))
        give_up("epoll");
    return set;
}

static UNUSED struct rule stream_rule(enum fault_kind kind)
{
    return (struct rule){.kind = (uint8_t)kind,
                         .effect = (uint8_t)fault_effect(kind),
                         .calls = fault_calls(kind),
                         .targets = CACHE,
                         .seed = 42,
                         .endless = kind == FAULT_blackhole,
                         .direction = DIRECTION_OUTBOUND};
}

static UNUSED int arm_latency(uint64_t delay_ns)
{
    struct rule rule = stream_rule(FAULT_latency);

    rule.delay_ns = delay_ns;
    return arm(rule);
}

static UNUSED int arm_blackhole(void)
{
    return arm(stream_rule(FAULT_blackhole));
}

static UNUSED void fill(char *buf, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (char)(rule_draw(seed, i) & 0xff);
}

static UNUSED int open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    int count = 0;

    while (d && readdir(d))
        count++;
    closedir(d);
    return count;
}

static UNUSED uint64_t cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * SECOND + (uint64_t)used.tv_nsec;
}

static UNUSED void stream_begin(char **argv, int plan)
{
    host_begin(argv, plan);
    setvbuf(stdout, NULL, _IONBF, 0);
    listening = listener();
    target_port(0, port_of(listening));
}

#endif

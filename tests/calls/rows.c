/* One row per intercepted call and alias.  Each is made twice: disarmed, when it must do its native work and
 * leave errno alone, and under `error` with the first errno of its menu, when it must do nothing but fail
 * with that.
 *
 * A call without a row fails the test, so that a new row of call.def asks for one here. */
#include <dlfcn.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <resolv.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "host.h"

/* What a row works with: made afresh for each try, while nothing is armed. */
struct fixture {
    int listening;
    struct pair pair; /* five bytes wait at the client's end */
    int spare;        /* a connected pair's copy, to be closed or overwritten */
    int file;
};

/* What a call answered, told the way that its kind of function tells it. */
struct outcome {
    bool failed;
    int error; /* errno, EAI_ code, or h_errno as an EAI_ code */
};

typedef struct outcome attempt(void *symbol, struct fixture *f);

static struct outcome by_errno(long result)
{
    return (struct outcome){result < 0, errno};
}

static struct outcome by_null(void *result)
{
    int error = errno;

    free(result);
    return (struct outcome){!result, error};
}

static struct outcome by_number(int error)
{
    return (struct outcome){error != 0, error ? error : errno};
}

static struct outcome by_h_errno(bool failed)
{
    int error = h_errno == TRY_AGAIN ? EAI_AGAIN : h_errno == HOST_NOT_FOUND ? EAI_NONAME : EAI_FAIL;

    return (struct outcome){failed, failed ? error : FOREIGN};
}

#define CALLS(type) ((type)symbol)

static struct outcome do_connect(void *symbol, struct fixture *f)
{
    struct sockaddr_in there = local(port_of(f->listening));
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    errno = FOREIGN;
    int result = CALLS(int (*)(int, const void *, socklen_t))(fd, &there, sizeof(there));
    struct outcome o = by_errno(result);
    close(fd);
    return o;
}

static int dial_first(struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (dial(fd, port_of(f->listening)))
        give_up("connect");
    errno = FOREIGN;
    return fd;
}

static struct outcome do_accept(void *symbol, struct fixture *f)
{
    int fd = dial_first(f), got = CALLS(int (*)(int, void *, void *))(f->listening, NULL, NULL);
    struct outcome o = by_errno(got);

    close(fd);
    close(got);
    return o;
}

static struct outcome do_accept4(void *symbol, struct fixture *f)
{
    int fd = dial_first(f),
        got = CALLS(int (*)(int, void *, void *, int))(f->listening, NULL, NULL, SOCK_CLOEXEC);
    struct outcome o = by_errno(got);

    close(fd);
    close(got);
    return o;
}

static struct outcome do_send(void *symbol, struct fixture *f)
{
    return by_errno(CALLS(ssize_t(*)(int, const void *, size_t, int))(f->pair.client, "x", 1, 0));
}

static struct outcome do_sendto(void *symbol, struct fixture *f)
{
    return by_errno(CALLS(ssize_t(*)(int, const void *, size_t, int, void *, socklen_t))(f->pair.client, "x",
                                                                                         1, 0, NULL, 0));
}

static struct outcome do_write(void *symbol, struct fixture *f)
{
    return by_errno(CALLS(ssize_t(*)(int, const void *, size_t))(f->pair.client, "x", 1));
}

static struct iovec one_part(void *buf, size_t len)
{
    return (struct iovec){.iov_base = buf, .iov_len = len};
}

static struct outcome do_sendmsg(void *symbol, struct fixture *f)
{
    struct iovec part = one_part("x", 1);
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

    return by_errno(CALLS(ssize_t(*)(int, const void *, int))(f->pair.client, &m, 0));
}

static struct outcome do_sendmmsg(void *symbol, struct fixture *f)
{
    struct iovec part = one_part("x", 1);
    struct mmsghdr m = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};

    return by_errno(CALLS(int (*)(int, void *, unsigned, int))(f->pair.client, &m, 1, 0));
}

static struct outcome do_writev(void *symbol, struct fixture *f)
{
    struct iovec part = one_part("x", 1);

    return by_errno(CALLS(ssize_t(*)(int, void *, int))(f->pair.client, &part, 1));
}

static struct outcome do_pwritev2(void *symbol, struct fixture *f)
{
    struct iovec part = one_part("x", 1);

    return by_errno(CALLS(ssize_t(*)(int, void *, int, off_t, int))(f->pair.client, &part, 1, -1, 0));
}

static struct outcome do_sendfile(void *symbol, struct fixture *f)
{
    off_t at = 0;

    return by_errno(CALLS(ssize_t(*)(int, int, off_t *, size_t))(f->pair.client, f->file, &at, 3));
}

static struct outcome do_splice(void *symbol, struct fixture *f)
{
    int ends[2];

    if (pipe(ends))
        give_up("pipe");
    struct outcome o = by_errno(CALLS(ssize_t(*)(int, off64_t *, int, off64_t *, size_t, unsigned))(
        f->pair.client, NULL, ends[1], NULL, 5, 0));
    close(ends[0]);
    close(ends[1]);
    return o;
}

static char buf[5];

static struct outcome whole(ssize_t got)
{
    struct outcome o = by_errno(got);

    if (got >= 0 && (got != 5 || memcmp(buf, "hello", 5)))
        o.failed = true;
    return o;
}

static struct outcome do_recv(void *symbol, struct fixture *f)
{
    return whole(CALLS(ssize_t(*)(int, void *, size_t, int))(f->pair.client, buf, 5, 0));
}

static struct outcome do_recv_chk(void *symbol, struct fixture *f)
{
    return whole(CALLS(ssize_t(*)(int, void *, size_t, size_t, int))(f->pair.client, buf, 5, sizeof(buf), 0));
}

static struct outcome do_recvfrom(void *symbol, struct fixture *f)
{
    return whole(
        CALLS(ssize_t(*)(int, void *, size_t, int, void *, void *))(f->pair.client, buf, 5, 0, NULL, NULL));
}

static struct outcome do_recvfrom_chk(void *symbol, struct fixture *f)
{
    return whole(CALLS(ssize_t(*)(int, void *, size_t, size_t, int, void *, void *))(
        f->pair.client, buf, 5, sizeof(buf), 0, NULL, NULL));
}

static struct outcome do_recvmsg(void *symbol, struct fixture *f)
{
    struct iovec part = one_part(buf, 5);
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};

    return whole(CALLS(ssize_t(*)(int, void *, int))(f->pair.client, &m, 0));
}

static struct outcome do_recvmmsg(void *symbol, struct fixture *f)
{
    struct iovec part = one_part(buf, 5);
    struct mmsghdr m = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};

    return by_errno(CALLS(int (*)(int, void *, unsigned, int, void *))(f->pair.client, &m, 1, 0, NULL));
}

static struct outcome do_read(void *symbol, struct fixture *f)
{
    return whole(CALLS(ssize_t(*)(int, void *, size_t))(f->pair.client, buf, 5));
}

static struct outcome do_read_chk(void *symbol, struct fixture *f)
{
    return whole(CALLS(ssize_t(*)(int, void *, size_t, size_t))(f->pair.client, buf, 5, sizeof(buf)));
}

static struct outcome do_readv(void *symbol, struct fixture *f)
{
    struct iovec part = one_part(buf, 5);

    return whole(CALLS(ssize_t(*)(int, void *, int))(f->pair.client, &part, 1));
}

static struct outcome do_preadv2(void *symbol, struct fixture *f)
{
    struct iovec part = one_part(buf, 5);

    return whole(CALLS(ssize_t(*)(int, void *, int, off_t, int))(f->pair.client, &part, 1, -1, 0));
}

static struct outcome made(int fd)
{
    struct outcome o = by_errno(fd);

    close(fd);
    return o;
}

static struct outcome do_socket(void *symbol, struct fixture *f)
{
    (void)f;
    return made(CALLS(int (*)(int, int, int))(AF_INET, SOCK_STREAM, 0));
}

static struct outcome do_socketpair(void *symbol, struct fixture *f)
{
    int two[2] = {-1, -1};
    struct outcome o = by_errno(CALLS(int (*)(int, int, int, int *))(AF_UNIX, SOCK_STREAM, 0, two));

    (void)f;
    close(two[0]);
    close(two[1]);
    return o;
}

static struct outcome do_shutdown(void *symbol, struct fixture *f)
{
    return by_errno(CALLS(int (*)(int, int))(f->pair.client, SHUT_WR));
}

static struct outcome do_close(void *symbol, struct fixture *f)
{
    struct outcome o = by_errno(CALLS(int (*)(int))(f->spare));

    /* Failed or not, the number is free: so it is on Linux. */
    if (fcntl(f->spare, F_GETFD) >= 0)
        o.error = -1;
    return o;
}

static struct outcome do_close_range(void *symbol, struct fixture *f)
{
    return by_errno(CALLS(int (*)(unsigned, unsigned, int))((unsigned)f->spare, (unsigned)f->spare, 0));
}

/* It cannot fail: it closes, whatever is armed. */
static struct outcome do_closefrom(void *symbol, struct fixture *f)
{
    int high = fcntl(f->spare, F_DUPFD, 900);

    errno = FOREIGN;
    CALLS(void (*)(int))(high);
    int error = errno;
    return (struct outcome){fcntl(high, F_GETFD) >= 0, error};
}

static struct outcome do_dup(void *symbol, struct fixture *f)
{
    return made(CALLS(int (*)(int))(f->spare));
}

static struct outcome do_dup2(void *symbol, struct fixture *f)
{
    return by_errno(CALLS(int (*)(int, int))(f->file, f->spare));
}

static struct outcome do_dup3(void *symbol, struct fixture *f)
{
    return by_errno(CALLS(int (*)(int, int, int))(f->file, f->spare, O_CLOEXEC));
}

static struct outcome do_fcntl(void *symbol, struct fixture *f)
{
    return made(CALLS(int (*)(int, int, ...))(f->spare, F_DUPFD, 500));
}

static struct outcome do_poll(void *symbol, struct fixture *f)
{
    struct pollfd p = {.fd = f->pair.client, .events = POLLIN};

    return by_errno(CALLS(int (*)(void *, nfds_t, int))(&p, 1, 1000) - 1);
}

static struct outcome do_poll_chk(void *symbol, struct fixture *f)
{
    struct pollfd p = {.fd = f->pair.client, .events = POLLIN};

    return by_errno(CALLS(int (*)(void *, nfds_t, int, size_t))(&p, 1, 1000, sizeof(p)) - 1);
}

static const struct timespec a_second = {.tv_sec = 1};

static struct outcome do_ppoll(void *symbol, struct fixture *f)
{
    struct pollfd p = {.fd = f->pair.client, .events = POLLIN};

    return by_errno(CALLS(int (*)(void *, nfds_t, const void *, void *))(&p, 1, &a_second, NULL) - 1);
}

static struct outcome do_ppoll_chk(void *symbol, struct fixture *f)
{
    struct pollfd p = {.fd = f->pair.client, .events = POLLIN};

    return by_errno(
        CALLS(int (*)(void *, nfds_t, const void *, void *, size_t))(&p, 1, &a_second, NULL, sizeof(p)) - 1);
}

static struct outcome do_select(void *symbol, struct fixture *f)
{
    struct timeval limit = {.tv_sec = 1};
    fd_set in;

    FD_ZERO(&in);
    FD_SET(f->pair.client, &in);
    return by_errno(
        CALLS(int (*)(int, void *, void *, void *, void *))(f->pair.client + 1, &in, NULL, NULL, &limit) - 1);
}

static struct outcome do_pselect(void *symbol, struct fixture *f)
{
    fd_set in;

    FD_ZERO(&in);
    FD_SET(f->pair.client, &in);
    return by_errno(CALLS(int (*)(int, void *, void *, void *, const void *, void *))(
                        f->pair.client + 1, &in, NULL, NULL, &a_second, NULL) -
                    1);
}

static int set_with(int fd)
{
    struct epoll_event e = {.events = EPOLLIN};
    int set = epoll_create1(EPOLL_CLOEXEC);

    if (fd >= 0)
        syscall(SYS_epoll_ctl, set, EPOLL_CTL_ADD, fd, &e);
    errno = FOREIGN;
    return set;
}

static struct outcome and_close(int set, long result)
{
    struct outcome o = by_errno(result);

    close(set);
    return o;
}

static struct outcome do_epoll_ctl(void *symbol, struct fixture *f)
{
    struct epoll_event e = {.events = EPOLLIN};
    int set = set_with(-1);

    return and_close(set, CALLS(int (*)(int, int, int, void *))(set, EPOLL_CTL_ADD, f->pair.client, &e));
}

static struct outcome do_epoll_wait(void *symbol, struct fixture *f)
{
    struct epoll_event e;
    int set = set_with(f->pair.client);

    return and_close(set, CALLS(int (*)(int, void *, int, int))(set, &e, 1, 1000) - 1);
}

static struct outcome do_epoll_pwait(void *symbol, struct fixture *f)
{
    struct epoll_event e;
    int set = set_with(f->pair.client);

    return and_close(set, CALLS(int (*)(int, void *, int, int, void *))(set, &e, 1, 1000, NULL) - 1);
}

static struct outcome do_epoll_pwait2(void *symbol, struct fixture *f)
{
    struct epoll_event e;
    int set = set_with(f->pair.client);

    return and_close(set,
                     CALLS(int (*)(int, void *, int, const void *, void *))(set, &e, 1, &a_second, NULL) - 1);
}

static struct outcome do_getsockopt(void *symbol, struct fixture *f)
{
    int value;
    socklen_t len = sizeof(value);

    return by_errno(
        CALLS(int (*)(int, int, int, void *, void *))(f->pair.client, SOL_SOCKET, SO_ERROR, &value, &len));
}

static struct outcome do_getpeername(void *symbol, struct fixture *f)
{
    struct sockaddr_in peer;
    socklen_t len = sizeof(peer);

    return by_errno(CALLS(int (*)(int, void *, void *))(f->pair.client, &peer, &len));
}

static struct outcome do_ioctl(void *symbol, struct fixture *f)
{
    int count = 0, result = CALLS(int (*)(int, unsigned long, ...))(f->pair.client, FIONREAD, &count);

    return by_errno(result || count == 5 ? result : -1);
}

#include "rows_names.h"

static struct outcome do_malloc(void *symbol, struct fixture *f)
{
    (void)f;
    return by_null(CALLS(void *(*)(size_t))(100));
}

static struct outcome do_two_sizes(void *symbol, struct fixture *f)
{
    (void)f;
    return by_null(CALLS(void *(*)(size_t, size_t))(64, 128));
}

/* When it fails, the old block is whole. */
static struct outcome grown(char *old, char *grown_to)
{
    int error = errno;
    bool whole_still = !memcmp(grown_to ? grown_to : old, "kept", 5);

    free(grown_to ? grown_to : old);
    return (struct outcome){!grown_to, whole_still ? error : -1};
}

static char *kept(void)
{
    char *old = strdup("kept");

    errno = FOREIGN;
    return old;
}

static struct outcome do_realloc(void *symbol, struct fixture *f)
{
    (void)f;
    char *old = kept();
    return grown(old, CALLS(char *(*)(void *, size_t))(old, 100000));
}

static struct outcome do_reallocarray(void *symbol, struct fixture *f)
{
    (void)f;
    char *old = kept();
    return grown(old, CALLS(char *(*)(void *, size_t, size_t))(old, 1000, 100));
}

static struct outcome do_posix_memalign(void *symbol, struct fixture *f)
{
    void *block = NULL;
    int error = CALLS(int (*)(void **, size_t, size_t))(&block, 64, 100);
    struct outcome o = by_number(error);

    (void)f;
    free(block);
    return o;
}

#include "rows_follow.h"

static const struct row {
    const char *symbol;
    attempt *attempt;
} rows[] = {
    {"connect", do_connect},
    {"__connect", do_connect},
    {"accept", do_accept},
    {"accept4", do_accept4},
    {"send", do_send},
    {"__send", do_send},
    {"sendto", do_sendto},
    {"sendmsg", do_sendmsg},
    {"sendmmsg", do_sendmmsg},
    {"write", do_write},
    {"__write", do_write},
    {"writev", do_writev},
    {"pwritev2", do_pwritev2},
    {"pwritev64v2", do_pwritev2},
    {"sendfile", do_sendfile},
    {"sendfile64", do_sendfile},
    {"splice", do_splice},
    {"recv", do_recv},
    {"__recv_chk", do_recv_chk},
    {"recvfrom", do_recvfrom},
    {"__recvfrom_chk", do_recvfrom_chk},
    {"recvmsg", do_recvmsg},
    {"recvmmsg", do_recvmmsg},
    {"read", do_read},
    {"__read", do_read},
    {"__read_chk", do_read_chk},
    {"readv", do_readv},
    {"preadv2", do_preadv2},
    {"preadv64v2", do_preadv2},
    {"socket", do_socket},
    {"socketpair", do_socketpair},
    {"shutdown", do_shutdown},
    {"close", do_close},
    {"__close", do_close},
    {"close_range", do_close_range},
    {"closefrom", do_closefrom},
    {"dup", do_dup},
    {"dup2", do_dup2},
    {"__dup2", do_dup2},
    {"dup3", do_dup3},
    {"fcntl", do_fcntl},
    {"__fcntl", do_fcntl},
    {"fcntl64", do_fcntl},
    {"poll", do_poll},
    {"__poll", do_poll},
    {"__poll_chk", do_poll_chk},
    {"ppoll", do_ppoll},
    {"__ppoll_chk", do_ppoll_chk},
    {"select", do_select},
    {"__select", do_select},
    {"pselect", do_pselect},
    {"epoll_ctl", do_epoll_ctl},
    {"epoll_wait", do_epoll_wait},
    {"epoll_pwait", do_epoll_pwait},
    {"epoll_pwait2", do_epoll_pwait2},
    {"getsockopt", do_getsockopt},
    {"getpeername", do_getpeername},
    {"ioctl", do_ioctl},
    {"getaddrinfo", do_getaddrinfo},
    {"getaddrinfo_a", do_getaddrinfo_a},
    {"res_query", do_res},
    {"__res_query", do_res},
    {"res_search", do_res},
    {"__res_search", do_res},
    {"res_querydomain", do_res_domain},
    {"__res_querydomain", do_res_domain},
    {"res_nquery", do_res_n},
    {"__res_nquery", do_res_n},
    {"res_nsearch", do_res_n},
    {"__res_nsearch", do_res_n},
    {"res_nquerydomain", do_res_ndomain},
    {"__res_nquerydomain", do_res_ndomain},
    {"getnameinfo", do_getnameinfo},
    {"gethostbyname", do_host},
    {"gethostbyname2", do_host2},
    {"gethostbyname_r", do_host_r},
    {"gethostbyname2_r", do_host2_r},
    {"gethostbyaddr", do_addr},
    {"gethostbyaddr_r", do_addr_r},
    {"malloc", do_malloc},
    {"calloc", do_two_sizes},
    {"realloc", do_realloc},
    {"reallocarray", do_reallocarray},
    {"posix_memalign", do_posix_memalign},
    {"aligned_alloc", do_two_sizes},
    {"memalign", do_two_sizes},
    {"valloc", do_malloc},
    {"pvalloc", do_malloc},
    {"syscall", do_syscall},
    {"_Fork", do_fork},
    {"prctl", do_prctl},
    {"dlopen", do_dlopen},
    {"execve", do_execve},
    {"execv", do_execv},
    {"execvp", do_execv},
    {"execvpe", do_execve},
    {"execl", do_execl},
    {"execle", do_execl},
    {"execlp", do_execl},
    {"execveat", do_execveat},
    {"fexecve", do_fexecve},
    {"posix_spawn", do_spawn},
    {"posix_spawnp", do_spawn},
};

static const char *const symbols[] = {
#define CALL(symbol, role, errnos) #symbol,
#define ALIAS(symbol, call)        #symbol,
#define SAME(symbol, call)         #symbol,
#define FOLLOW(symbol)             #symbol,
#include "injectors/decision/call.def"
#undef CALL
#undef ALIAS
#undef SAME
#undef FOLLOW
};

#define SYMBOL_COUNT ((int)(sizeof(symbols) / sizeof(*symbols)))
#define ROW_COUNT    ((int)(sizeof(rows) / sizeof(*rows)))

static const struct row *row_find(const char *symbol)
{
    for (int i = 0; i < ROW_COUNT; i++)
        if (!strcmp(rows[i].symbol, symbol))
            return &rows[i];
    return NULL;
}

/* The number of the first name in a menu; 0 for an empty one. */
static int first_error(const char *menu)
{
    static const struct {
        const char *name;
        int number;
    } eai[] = {{"EAI_AGAIN", EAI_AGAIN}, {"EAI_FAIL", EAI_FAIL}, {"EAI_NONAME", EAI_NONAME}};
    size_t len = strcspn(menu, " ");

    for (size_t i = 0; i < sizeof(eai) / sizeof(*eai); i++)
        if (strlen(eai[i].name) == len && !strncmp(menu, eai[i].name, len))
            return eai[i].number;
    for (int e = 1; len && e < 134; e++) {
        const char *name = strerrorname_np(e);
        if (name && strlen(name) == len && !strncmp(menu, name, len))
            return e;
    }
    return 0;
}

static struct fixture fixture_make(void)
{
    struct fixture f = {.listening = listener(), .file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};

    f.pair = connection(f.listening);
    f.spare = dup(f.pair.server);
    if (write(f.pair.server, "hello", 5) != 5 || f.file < 0)
        give_up("fixture");
    return f;
}

/* A number that the row closed may have been given out since, so the spare is left to it. */
static void fixture_drop(struct fixture *f)
{
    if (fcntl(f->spare, F_GETFD) >= 0)
        close(f->spare);
    close(f->listening);
    close(f->file);
    hang_up(f->pair);
}

static struct outcome try(const struct row *row, void *symbol)
{
    struct fixture f = fixture_make();

    errno = FOREIGN;
    struct outcome o = row->attempt(symbol, &f);
    fixture_drop(&f);
    return o;
}

/* qemu-user lacks some: what the kernel would say cannot be seen there. */
static bool is_absent(const struct outcome *o)
{
    return getenv("EMULATOR") && o->error == ENOSYS;
}

static void disarmed(const struct row *row, void *symbol)
{
    char sentence[100];
    struct outcome o = try(row, symbol);
    bool right = !o.failed && o.error == FOREIGN;

    snprintf(sentence, sizeof(sentence), "disarmed, %s does its work and leaves errno alone%s", row->symbol,
             is_absent(&o) ? " # SKIP the emulator has it not" : "");
    fact(sentence, right || is_absent(&o));
    if (!right)
        printf("# failed %d, errno %d\n", o.failed, o.error);
}

static struct outcome try_armed(const struct row *row, void *symbol, enum call call, int error,
                                int *ret_index)
{
    struct fixture f = fixture_make();

    *ret_index = arm_error(call, error, 0);
    errno = FOREIGN;
    struct outcome o = row->attempt(symbol, &f);
    lift(*ret_index);
    fixture_drop(&f);
    return o;
}

static bool noted(enum call call, int index)
{
    struct record r;

    if (!ring_take(&table->ring, &r))
        return false;
    return r.call == call && r.rule == index && r.kind == RECORD_HIT && r.pid == (uint32_t)getpid() &&
           r.tid == (uint32_t)gettid() && r.service == SERVICE;
}

static void armed(const struct row *row, void *symbol)
{
    enum call call = call_find(row->symbol);
    int error = first_error(call_errnos(call)), index;
    struct outcome o = try_armed(row, symbol, call, error ? error : EIO, &index);
    char sentence[100];
    bool right = error ? o.failed && o.error == error : !o.failed;

    snprintf(sentence, sizeof(sentence), "under error, %s %s", row->symbol,
             error ? "fails with the first of its menu, and that is counted once" : "cannot fail, and works");
    bool counted = error ? hits(index) == 1 && noted(call, index) : true;
    while (noted(call, index))
        ;
    fact(sentence, right && counted);
    if (!right || !counted)
        printf("# failed %d, error %d, wanted %d, hits %d\n", o.failed, o.error, error, (int)hits(index));
}

/* Nothing can be armed on what is only followed. */
static int armable(void)
{
    int count = 0;

    for (int i = 0; i < SYMBOL_COUNT; i++)
        count += call_find(symbols[i]) != CALL_COUNT;
    return count;
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 2 * SYMBOL_COUNT + armable());
    name_server();
    for (int i = 0; i < SYMBOL_COUNT; i++) {
        char sentence[100];
        const struct row *row = row_find(symbols[i]);
        void *symbol = dlsym(RTLD_DEFAULT, symbols[i]);
        snprintf(sentence, sizeof(sentence), "%s has a row, and is the shim's", symbols[i]);
        Dl_info where = {0};
        fact(sentence, row && symbol && dladdr(symbol, &where) && strstr(where.dli_fname, "libchaosctl"));
        if (!row)
            continue;
        disarmed(row, symbol);
        if (call_find(symbols[i]) != CALL_COUNT)
            armed(row, symbol);
    }
    return 0;
}

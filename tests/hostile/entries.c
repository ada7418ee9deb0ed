/* Ways into the kernel that are easily forgotten: calls with other arguments, by number, or that open a
 * connection without saying so; and arguments that lead nowhere.  A fault strikes them too, and none of them
 * does what the kernel would not. */
#include <resolv.h>
#include <sys/uio.h>

#include "../calls/host.h"

#define CACHE (1u << 0)
#define NAME  (1u << 1)
#define FILED (1u << 2)

static int listening;

/* --- vectors --- */

static void vectors_with_flags(void)
{
    struct pair p = connection(listening);
    char buf[5];
    struct iovec part = {.iov_base = buf, .iov_len = sizeof(buf)};
    int rule = arm((struct rule){.kind = FAULT_latency,
                                 .effect = EFFECT_HOLD,
                                 .calls = fault_calls(FAULT_latency),
                                 .delay_ns = 100 * MS,
                                 .targets = CACHE,
                                 .direction = DIRECTION_OUTBOUND});
    uint64_t start = now_ns();

    if (write(p.server, "hello", 5) != 5)
        give_up("write");
    ssize_t got = preadv2(p.client, &part, 1, -1, 0);
    fact("preadv2 at no offset is a read of the stream, and waits", got == 5 && now_ns() - start >= 100 * MS);
    lift(rule);
    rule = arm_fault(FAULT_reset, CACHE);
    errno = 0;
    fact("pwritev2 at none is a write to it, and is reset",
         pwritev2(p.client, &part, 1, -1, 0) == -1 && errno == ECONNRESET && hits(rule) == 1);
    lift(rule);
    hang_up(p);
    FILE *file = tmpfile();
    rule = arm_error(CALL_writev, EIO, 0);
    fact("at an offset it is about a file, and goes its way",
         pwritev2(fileno(file), &part, 1, 0, 0) == 5 && preadv2(fileno(file), &part, 1, 0, 0) == 5 &&
             !hits(rule));
    lift(rule);
    fclose(file);
}

/* --- a send that connects --- */

static ssize_t send_open(int fd, bool by_message, uint16_t port)
{
    struct sockaddr_in there = local(port);
    struct iovec part = {.iov_base = "x", .iov_len = 1};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_name = &there, .msg_namelen = sizeof(there)};

    errno = FOREIGN;
    return by_message ? sendmsg(fd, &m, MSG_FASTOPEN)
                      : sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&there, sizeof(there));
}

static bool opens_badly(bool by_message, enum fault_kind kind, int error)
{
    int rule = kind == FAULT_unreachable ? arm((struct rule){.kind = FAULT_unreachable,
                                                             .effect = EFFECT_FAIL,
                                                             .calls = fault_calls(FAULT_unreachable),
                                                             .error = EHOSTUNREACH,
                                                             .targets = CACHE})
                                         : arm_fault(kind, CACHE);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool right = send_open(fd, by_message, port_of(listening)) == -1 && errno == error && hits(rule) == 1;

    lift(rule);
    close(fd);
    return right;
}

static bool opens_well(bool by_message)
{
    int other = listener(), rule = arm_fault(FAULT_refuse, CACHE);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte = 0;
    bool sent = send_open(fd, by_message, port_of(other)) == 1 && errno == FOREIGN;
    int got = accept(other, NULL, NULL);

    sent = sent && recv(got, &byte, 1, 0) == 1 && byte == 'x' && !hits(rule);
    lift(rule);
    close(fd);
    close(got);
    close(other);
    return sent;
}

static void fast_open(void)
{
    fact("sendto with MSG_FASTOPEN is a connect, and refused",
         opens_badly(false, FAULT_refuse, ECONNREFUSED));
    fact("though only connects are struck", opens_badly(false, FAULT_unreachable, EHOSTUNREACH));
    fact("sendmsg likewise", opens_badly(true, FAULT_unreachable, EHOSTUNREACH));
    fact("to somebody else it connects and sends", opens_well(false) && opens_well(true));
}

/* --- pointers that lead nowhere --- */

static void bad_pointers(void)
{
    char *page = mmap(NULL, (size_t)getpagesize(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rule = arm_fault(FAULT_refuse, CACHE);
    struct sockaddr *none = (void *)page;

    fact("an address that cannot be read is EFAULT, as the kernel says",
         connect(tcp, none, sizeof(struct sockaddr_in)) == -1 && errno == EFAULT);
    fact("and with a datagram",
         sendto(udp, "x", 1, 0, none, sizeof(struct sockaddr_in)) == -1 && errno == EFAULT);
    fact("NULL too", connect(tcp, NULL, sizeof(struct sockaddr_in)) == -1 && errno == EFAULT);
    lift(rule);
    close(tcp);
    close(udp);
    munmap(page, (size_t)getpagesize());
}

static void half_an_address(void)
{
    size_t size = (size_t)getpagesize();
    char *pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sockaddr_in there = local(port_of(listening));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rule = arm_fault(FAULT_refuse, CACHE);

    mprotect(pages + size, size, PROT_NONE);
    memcpy(pages + size - 8, &there, 8);
    fact("one whose end cannot be read likewise",
         connect(fd, (void *)(pages + size - 8), sizeof(there)) == -1 && errno == EFAULT);
    memcpy(pages + size - sizeof(there), &there, sizeof(there));
    fact("one that ends where its page does is refused",
         connect(fd, (void *)(pages + size - sizeof(there)), sizeof(there)) == -1 && errno == ECONNREFUSED);
    lift(rule);
    close(fd);
    munmap(pages, 2 * size);
}

/* --- a path may be written in many ways --- */

static int unix_dial(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    errno = 0;
    int result = connect(fd, (struct sockaddr *)&un, sizeof(un)), error = errno;
    close(fd);
    errno = error;
    return result;
}

static bool is_refused(const char *path)
{
    return unix_dial(path) == -1 && errno == ECONNREFUSED;
}

static int unix_listener(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    if (bind(fd, (struct sockaddr *)&un, sizeof(un)) || listen(fd, 8))
        give_up(path);
    return fd;
}

static void other_spellings(void)
{
    struct target t = {.kind = TARGET_UNIX, .bit = 2};

    if (chdir(scratch) || mkdir("real", 0700) || symlink("real", "link"))
        give_up(scratch);
    int fd = unix_listener("real/socket"), other = unix_listener("real/other");
    snprintf(t.text, sizeof(t.text), "%.200s/real/socket", scratch);
    target_add(t);
    int rule = arm_fault(FAULT_refuse, FILED);
    fact("a unix path that is relative is the target's", is_refused("real/socket"));
    fact("and one through a link", is_refused("link/socket"));
    fact("and one with needless parts", is_refused("./real//../real/./socket"));
    fact("its neighbour is not", !unix_dial("real/other"));
    fact_equal("all were counted", (long)hits(rule), 3);
    lift(rule);
    close(fd);
    close(other);
}

/* Its own path leads nowhere by then, which is looked at and is no error. */
static void accepted_from_a_path_that_is_gone(void)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "gone"};
    int fd = unix_listener("gone"), client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(client, (struct sockaddr *)&un, sizeof(un)) || unlink("gone"))
        give_up("gone");
    int rule = arm_fault(FAULT_outage, FILED);
    errno = FOREIGN;
    int got = accept(fd, NULL, NULL);
    fact("accept leaves errno alone, though the listener's path is gone", got >= 0 && errno == FOREIGN);
    lift(rule);
    close(got);
    close(fd);
    close(client);
}

/* --- names, asked in other ways --- */

/* Whoever is really asked finds nobody at once. */
static void no_name_server(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = local(0);

    if (res_init() || bind(fd, (struct sockaddr *)&own, sizeof(own)))
        give_up("bind");
    _res.nscount = 1;
    _res.nsaddr_list[0] = local(port_of(fd));
    _res.retry = 1;
    close(fd);
}

static int dns(int error)
{
    return arm((struct rule){.kind = FAULT_dns,
                             .effect = EFFECT_FAIL,
                             .calls = fault_calls(FAULT_dns),
                             .error = error,
                             .targets = NAME});
}

static void records(void)
{
    unsigned char answer[512];
    struct target t = {.kind = TARGET_NAME, .bit = 1, .text = "db.example"};

    target_add(t);
    no_name_server();
    int rule = dns(EAI_NONAME);
    h_errno = 0;
    fact("a query for a record of a target's name says that there is none",
         res_query("db.example", ns_c_in, ns_t_srv, answer, sizeof(answer)) == -1 &&
             h_errno == HOST_NOT_FOUND);
    h_errno = 0;
    fact("with a state of the caller's own too",
         res_nsearch(&_res, "db.example.", ns_c_in, ns_t_a, answer, sizeof(answer)) == -1 &&
             h_errno == HOST_NOT_FOUND && _res.res_h_errno == HOST_NOT_FOUND);
    fact("and in two parts",
         res_querydomain("db", "example", ns_c_in, ns_t_a, answer, sizeof(answer)) == -1 &&
             h_errno == HOST_NOT_FOUND && hits(rule) == 3);
    res_query("other.example", ns_c_in, ns_t_a, answer, sizeof(answer));
    fact_equal("another name is asked for", (long)hits(rule), 3);
    lift(rule);
}

static void several_names(void)
{
    struct gaicb one = {.ar_name = "db.example"}, two = {.ar_name = "localhost"},
                 *list[] = {&one, NULL, &two};
    int rule = dns(EAI_AGAIN), error = getaddrinfo_a(GAI_WAIT, list, 3, NULL);

    fact("of several names at a time, the target's fails",
         !error && gai_error(&one) == EAI_AGAIN && hits(rule) == 1);
    fact("and the others are answered", gai_error(&two) == 0 && two.ar_result);
    fact("the list is as it was", list[0] == &one && !list[1] && list[2] == &two);
    lift(rule);
    if (two.ar_result)
        freeaddrinfo(two.ar_result);
}

/* --- by number --- */

static int hole(void)
{
    return arm((struct rule){.kind = FAULT_blackhole,
                             .effect = EFFECT_HOLD,
                             .calls = fault_calls(FAULT_blackhole),
                             .endless = true,
                             .targets = CACHE,
                             .direction = DIRECTION_OUTBOUND});
}

static bool forgets(long number, bool by_dup)
{
    struct pair p = connection(listening);
    int rule = hole(), file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool kept = send(p.client, "x", 1, 0) == 1 && table->leftovers == 1;

    errno = FOREIGN;
    if (by_dup)
        syscall(number, file, p.client, 0);
    else
        syscall(number, p.client, p.client, 0);
    bool right = errno == FOREIGN && kept && !table->leftovers;
    lift(rule);
    if (by_dup)
        close(p.client);
    close(p.server);
    close(file);
    return right;
}

static void by_number(void)
{
    fact("what syscall(SYS_close) ends is forgotten", forgets(SYS_close, false));
    fact("and what SYS_close_range does", forgets(SYS_close_range, false));
    fact("and what SYS_dup3 replaces", forgets(SYS_dup3, true));
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 28);
    listening = listener();
    target_port(0, port_of(listening));
    vectors_with_flags();
    fast_open();
    bad_pointers();
    half_an_address();
    other_spellings();
    accepted_from_a_path_that_is_gone();
    records();
    several_names();
    by_number();
    return 0;
}

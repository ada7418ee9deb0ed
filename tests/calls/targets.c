/* Whose connection it is: by address, CIDR, unix path and name; and that nothing else is touched. */
#include <dlfcn.h>

#include "host.h"

#define BY_PORT (1u << 0)
#define BY_PATH (1u << 1)
#define BY_CIDR (1u << 2)
#define BY_NAME (1u << 3)
#define BY_SIGN (1u << 4)

static bool send_fails(int fd)
{
    return send(fd, "x", 1, 0) == -1 && errno == ETIMEDOUT;
}

static bool send_works(int fd)
{
    return send(fd, "x", 1, 0) == 1;
}

static struct sockaddr_un unix_address(const char *path, socklen_t *ret_len)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    memcpy(un.sun_path, path, len);
    if (path[0] == '@')
        un.sun_path[0] = 0;
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (path[0] != '@'));
    return un;
}

static int unix_listener(const char *path)
{
    socklen_t len;
    struct sockaddr_un un = unix_address(path, &len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&un, len) || listen(fd, 8))
        give_up(path);
    return fd;
}

static int unix_dial(const char *path)
{
    socklen_t len;
    struct sockaddr_un un = unix_address(path, &len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (!connect(fd, (struct sockaddr *)&un, len))
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void target_text(enum target_kind kind, int bit, const char *text, uint16_t port)
{
    struct target t = {.kind = (uint8_t)kind, .bit = (uint8_t)bit, .port = port};

    snprintf(t.text, sizeof(t.text), "%s", text);
    target_add(t);
}

static void by_path(const char *path, const char *other, const char *sentences[3])
{
    int listening = unix_listener(path), elsewhere = unix_listener(other), fd = unix_dial(path);

    target_text(TARGET_UNIX, 1, path, 0);
    int rule = arm_fault(FAULT_outage, BY_PATH), fine = unix_dial(other);
    fact(sentences[0], unix_dial(path) == -1 && errno == ECONNREFUSED);
    fact(sentences[1], send(fd, "x", 1, 0) == -1 && errno == ECONNRESET);
    fact(sentences[2], fine >= 0 && send_works(fine));
    lift(rule);
    table->target_count--;
    close(fd);
    close(fine);
    close(listening);
    close(elsewhere);
}

static void by_paths(void)
{
    char path[PATH_MAX + 16], other[PATH_MAX + 16];

    snprintf(path, sizeof(path), "%.60s/cache.sock", scratch);
    snprintf(other, sizeof(other), "%.60s/other.sock", scratch);
    by_path(path, other,
            (const char *[]){"a unix path is refused", "and its connections are reset",
                             "another path is untouched"});
    snprintf(path, sizeof(path), "@chaosctl-%d", getpid());
    snprintf(other, sizeof(other), "@chaosctl-%d-other", getpid());
    by_path(path, other,
            (const char *[]){"an abstract unix address is refused", "its connections are reset",
                             "another is untouched"});
}

static void by_cidr(int listening)
{
    struct target t = {.kind = TARGET_ADDRESS, .bit = 2, .prefix = 96 + 8, .port = port_of(listening)};

    memcpy(t.address, (uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 99, 99, 99}, 16);
    target_add(t);
    struct pair p = connection(listening);
    int rule = arm_error(CALL_send, ETIMEDOUT, BY_CIDR);
    fact("a CIDR names every address in it", send_fails(p.client));
    lift(rule);
    table->targets[table->target_count - 1].address[12] = 126;
    rule = arm_error(CALL_send, ETIMEDOUT, BY_CIDR);
    fact("and none beside it", send_works(p.client) && !table->rules[rule].matches);
    lift(rule);
    table->target_count--;
    hang_up(p);
}

static int dial_by_name(const char *name, uint16_t port)
{
    char service[10];
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(name, service, &hints, &list))
        give_up("getaddrinfo");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, list->ai_addr, list->ai_addrlen))
        give_up("connect");
    freeaddrinfo(list);
    return fd;
}

/* The name is resolved before anything is armed, as services do at their start. */
static void by_name(int listening, int elsewhere)
{
    uint16_t port = port_of(listening);

    target_text(TARGET_NAME, 3, "LocalHost", port);
    target_text(TARGET_PATTERN, 4, "^local[a-z]+$", port);
    struct pair before = connection(listening);
    int early = arm_error(CALL_send, ETIMEDOUT, BY_NAME);
    fact("an address that no name was resolved to is untouched", send_works(before.client));
    lift(early);
    hang_up(before);

    int fd = dial_by_name("localhost", port), served = accept(listening, NULL, NULL);
    int rule = arm_error(CALL_send, ETIMEDOUT, BY_NAME);
    fact("a name target is its addresses, resolved long before it was armed", send_fails(fd));
    struct pair p = connection(elsewhere);
    fact("the same address at another port is untouched", send_works(p.client));
    lift(rule);
    rule = arm_error(CALL_send, ETIMEDOUT, BY_SIGN);
    fact("a pattern target as well", send_fails(fd));
    lift(rule);
    table->target_count -= 2;
    close(fd);
    close(served);
    hang_up(p);
}

static int resolve(const char *name, int flags)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_flags = flags}, *list = NULL;
    int error = getaddrinfo(name, NULL, &hints, &list);

    if (list)
        freeaddrinfo(list);
    return error;
}

static void names_fail_to_resolve(void)
{
    target_text(TARGET_NAME, 3, "localhost", 0);
    struct rule dns = {.kind = FAULT_dns,
                       .effect = EFFECT_FAIL,
                       .calls = fault_calls(FAULT_dns),
                       .error = EAI_NONAME,
                       .targets = BY_NAME};
    int rule = arm(dns);
    fact_equal("dns: the target's name does not resolve", resolve("localhost", 0), EAI_NONAME);
    fact_equal("dns: nor with the final dot", resolve("localhost.", 0), EAI_NONAME);
    h_errno = 0;
    fact("dns: gethostbyname says it in h_errno", !gethostbyname("localhost") && h_errno == HOST_NOT_FOUND);
    fact_equal("dns: an address is no name", resolve("127.0.0.1", 0), 0);
    lift(rule);
    dns.targets = 0;
    rule = arm(dns);
    fact_equal("dns without a target: an address still resolves", resolve("127.0.0.1", 0), 0);
    fact_equal("dns without a target: with AI_NUMERICHOST too", resolve("127.0.0.1", AI_NUMERICHOST), 0);
    lift(rule);
    table->target_count--;
}

/* libc's own, which the shim does not see: syscall() it does. */
static void dup_behind(int from, int to)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY);
    int (*dup_really)(int, int, int) = libc ? (int (*)(int, int, int))dlsym(libc, "dup3") : NULL;

    if (!dup_really || dup_really(from, to, 0) != to)
        give_up("dup3");
}

/* What is known of a number is wrong, and no call of ours told. */
static void reused_numbers(int listening, int elsewhere)
{
    struct pair hit = connection(listening), other = connection(elsewhere);
    int rule = arm_error(CALL_send, ETIMEDOUT, BY_PORT);

    send(hit.client, "x", 1, 0);
    dup_behind(other.client, hit.client);
    uint64_t before = hits(rule);
    fact("a number reused behind our back gives the fault to nobody else",
         send_works(hit.client) && hits(rule) == before);
    close(hit.client);
    hit.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in there = local(port_of(listening));
    connect(hit.client, (struct sockaddr *)&there, sizeof(there));
    fact("and the number's next connection is known for what it is", send_fails(hit.client));
    lift(rule);
    hang_up(hit);
    hang_up(other);
}

/* As Node does: it closes past libc, and the number comes back from socket(). */
static void a_number_closed_behind_our_back(int listening)
{
    struct rule second = {.kind = FAULT_refuse,
                          .effect = EFFECT_REFUSE,
                          .calls = fault_calls(FAULT_refuse),
                          .targets = BY_PORT,
                          .after = 1};
    int rule = arm(second), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    dial(fd, port_of(listening));
    syscall(SYS_close, fd);
    int again = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fact("a connect that was under way on a number is not one on the next socket there",
         again == fd && dial(again, port_of(listening)) == -1 && errno == ECONNREFUSED);
    lift(rule);
    close(again);
    close(accept(listening, NULL, NULL));
}

static void what_is_not_named_is_untouched(int listening, int elsewhere)
{
    struct pair hit = connection(listening), other = connection(elsewhere);
    int rule = arm_fault(FAULT_outage, BY_PORT), two[2];

    bool works = send_works(other.client) && socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0 &&
                 send_works(two[0]) && write(two[1], "x", 1) == 1 &&
                 dial(socket(AF_INET, SOCK_STREAM, 0), port_of(elsewhere)) == 0;
    fact("an outage of one touches no other connection", works && !hits(rule));
    fact("a copy of a descriptor is the same connection",
         send(dup(hit.client), "x", 1, 0) == -1 && hits(rule) == 1);
    lift(rule);
    hang_up(hit);
    hang_up(other);
}

/* A listener on any address is on the target's, too. */
static void own_listeners(void)
{
    /* Non-blocking, so that a fault that is missed fails the test instead of stopping it. */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), second = listener();
    struct sockaddr_in any = {.sin_family = AF_INET};

    if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 8))
        give_up("bind");
    target_port(2, port_of(fd));
    struct rule rule = {.kind = FAULT_error,
                        .effect = EFFECT_FAIL,
                        .calls = call_bit(CALL_accept),
                        .error = EMFILE,
                        .direction = DIRECTION_INBOUND,
                        .targets = BY_CIDR};
    int index = arm(rule), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fact("an inbound fault strikes the listener of any address",
         accept(fd, NULL, NULL) == -1 && errno == EMFILE);
    dial(client, port_of(second));
    fact("and no other listener", accept(second, NULL, NULL) >= 0);
    lift(index);
    table->target_count--;
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 25);
    int listening = listener(), elsewhere = listener();
    target_port(0, port_of(listening));
    by_paths();
    by_cidr(listening);
    by_name(listening, elsewhere);
    names_fail_to_resolve();
    reused_numbers(listening, elsewhere);
    a_number_closed_behind_our_back(listening);
    what_is_not_named_is_untouched(listening, elsewhere);
    own_listeners();
    return 0;
}

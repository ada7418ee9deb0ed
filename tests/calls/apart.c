/* What a fault on one dependency costs all other descriptors: no system call.
 *
 * A seccomp filter turns the questions that the shim asks the kernel into SIGSYS, and its handler counts
 * them; the calls under test pass. */
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "stream.h"

#define OTHER (1u << 1) /* CACHE is the one that is left alone */
#define DELAY (200 * MS)

static volatile sig_atomic_t questions;

static void count_question(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    questions++;
}

/* From here on, and for good: getsockopt, getpeername, getsockname, fcntl and ioctl. */
static void trap_questions(void)
{
    struct sigaction action = {.sa_sigaction = count_question, .sa_flags = SA_SIGINFO};
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpeername, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockname, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    };
    struct sock_fprog filter = {.len = sizeof(code) / sizeof(*code), .filter = code};

    /* libc's own: the shim retires from a process that confines itself by the one that it sees. */
    int (*own)(int, ...) = dlsym(dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD), "prctl");

    sigaction(SIGSYS, &action, NULL);
    if (!own || own(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || own(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        give_up("seccomp");
}

typedef bool exchange(struct pair p);

static bool by_send(struct pair p)
{
    char byte;

    return send(p.client, "x", 1, 0) == 1 && recv(p.server, &byte, 1, 0) == 1;
}

static bool by_write(struct pair p)
{
    char byte;

    return write(p.client, "x", 1) == 1 && read(p.server, &byte, 1) == 1;
}

static bool by_message(struct pair p)
{
    char byte = 'x';
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    return sendmsg(p.client, &message, 0) == 1 && recvmsg(p.server, &message, 0) == 1;
}

static bool by_parts(struct pair p)
{
    char byte = 'x';
    struct iovec part = {.iov_base = &byte, .iov_len = 1};

    return writev(p.client, &part, 1) == 1 && readv(p.server, &part, 1) == 1;
}

static bool by_address(struct pair p)
{
    char byte = 'x';

    return sendto(p.client, &byte, 1, 0, NULL, 0) == 1 && recvfrom(p.server, &byte, 1, 0, NULL, NULL) == 1;
}

static bool by_poll(struct pair p)
{
    struct pollfd both[] = {
        {.fd = p.client, .events = POLLIN}, {.fd = p.server, .events = POLLIN}, {.fd = -1}};
    struct timespec none = {0};

    return poll(both, 3, 0) == 0 && ppoll(both, 3, &none, NULL) == 0;
}

static const struct exchange {
    const char *sentence;
    exchange *once;
} ways[] = {
    {"send and recv on another descriptor ask nothing", by_send},
    {"write and read", by_write},
    {"sendmsg and recvmsg", by_message},
    {"writev and readv", by_parts},
    {"sendto and recvfrom without an address", by_address},
    {"poll and ppoll of others", by_poll},
};

#define WAY_COUNT ((int)(sizeof(ways) / sizeof(*ways)))

/* The first call on a descriptor asks whose it is. */
static void learn(struct pair other, struct pair target)
{
    by_send(other);
    recv(other.client, &(char){0}, 1, MSG_DONTWAIT);
    recv(target.client, &(char){0}, 1, MSG_DONTWAIT);
}

static void others_ask_nothing(struct pair other)
{
    for (int i = 0; i < WAY_COUNT; i++) {
        questions = 0;
        fact(ways[i].sentence, ways[i].once(other) && !questions);
    }
}

static void the_dependency_asks(struct pair target)
{
    questions = 0;
    send(target.client, "x", 1, 0);
    fact("on the dependency's own, they do", questions > 0);
}

static int arm_delay_of(uint32_t targets)
{
    return arm((struct rule){.kind = FAULT_latency,
                             .effect = EFFECT_HOLD,
                             .calls = fault_calls(FAULT_latency),
                             .delay_ns = DELAY,
                             .direction = DIRECTION_OUTBOUND,
                             .targets = targets});
}

/* Another number for what is held is held, whatever it was before. */
static void a_number_that_becomes_the_targets(struct pair other, struct pair target)
{
    char byte;
    int number = dup(other.client);

    by_send(other);
    recv(number, &byte, 1, MSG_DONTWAIT);
    dup2(target.client, number);
    uint64_t start_ns = now_ns();
    send(target.server, "x", 1, 0);
    fact("a number that becomes the dependency's is held",
         recv(number, &byte, 1, 0) == 1 && since(start_ns) >= DELAY);
    close(number);
}

struct sleeper {
    struct reader r;
    _Atomic pid_t tid;
    uint64_t woke_ns;
    ssize_t got;
};

static void *sleep_for_ever(void *argument)
{
    struct sleeper *s = argument;
    char byte;

    s->tid = gettid();
    ready(&s->r, -1);
    s->got = recv(s->r.fd, &byte, 1, 0);
    s->woke_ns = now_ns();
    return NULL;
}

/* It slept in the kernel, as far from any rule as can be, when a rule about it was armed. */
static void who_sleeps_apart_is_held(enum manner way)
{
    struct pair p = connection(listening);
    struct sleeper s = {.r = reader_of(way, p.client)};
    pthread_t thread;

    recv(p.client, &(char){0}, 1, MSG_DONTWAIT);
    if (pthread_create(&thread, NULL, sleep_for_ever, &s))
        give_up("pthread_create");
    while (!s.tid)
        sched_yield();
    wait_until_in(s.tid, ANY_CALL);
    int rule = arm_delay_of(CACHE);
    uint64_t start_ns = now_ns();
    send(p.server, "x", 1, 0);
    pthread_join(thread, NULL);
    fact(by_way(way, "who slept apart is held by a rule that is armed meanwhile"),
         s.got == 1 && s.woke_ns - start_ns >= DELAY);
    lift(rule);
    hang_up(p);
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, WAY_COUNT + 4);
    listening = listener();
    int elsewhere = listener();
    struct pair other = connection(listening), target = connection(elsewhere);
    target_port(0, port_of(listening));
    target_port(1, port_of(elsewhere));
    arm_delay_of(OTHER);
    a_number_that_becomes_the_targets(other, target);
    who_sleeps_apart_is_held(BLOCKING);
    who_sleeps_apart_is_held(POLL);
    learn(other, target);
    trap_questions();
    others_ask_nothing(other);
    the_dependency_asks(target);
    return 0;
}

/* For the programs that run under the shim: each makes a control area as the orchestrator would, starts
 * itself again under LD_PRELOAD with it, and there plays both parts: it maps the file a second time to arm
 * and lift, and makes the calls.  Each fact prints one TAP line. */
#ifndef TESTS_HOST_H
#define TESTS_HOST_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/futex.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "injectors/decision/decide.h"
#include "injectors/handshake.h"

#ifndef SYS_poll /* aarch64 */
#define SYS_poll SYS_ppoll
#endif

#define UNUSED   __attribute__((unused))
#define SECOND   UINT64_C(1000000000)
#define MS       UINT64_C(1000000)
#define SERVICE  3    /* what the programs say they belong to */
#define FOREIGN  4242 /* an errno that no call sets */
#define PROGRAMS 3    /* BUILD/tests/FAMILY/NAME lies this deep */

static struct table *table;
static char scratch[PATH_MAX];
static int facts, planned;

static UNUSED uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static UNUSED void fact(const char *sentence, bool holds)
{
    printf("%sok %d - %s\n", holds ? "" : "not ", ++facts, sentence);
    fflush(stdout);
}

static UNUSED void fact_equal(const char *sentence, long got, long wanted)
{
    fact(sentence, got == wanted);
    if (got != wanted)
        printf("# got %ld, wanted %ld\n", got, wanted);
}

static UNUSED void give_up(const char *what)
{
    printf("Bail out! %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- the orchestrator's part --- */

/* An ASan program aborts unless ASan's library comes first; this program knows where that is. */
static UNUSED void preload(char *ret, size_t size)
{
    char line[PATH_MAX + 100], self[PATH_MAX] = "", asan[PATH_MAX] = "";
    FILE *maps = fopen("/proc/self/maps", "re");

    while (maps && fgets(line, sizeof(line), maps)) {
        char *path = strchr(line, '/');
        if (path && strstr(path, "libasan"))
            snprintf(asan, sizeof(asan), "%.*s ", (int)strcspn(path, "\n"), path);
    }
    if (maps)
        fclose(maps);
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        give_up("/proc/self/exe");
    char *directory = self;
    for (int i = 0; i < PROGRAMS; i++)
        directory = dirname(directory);
    snprintf(ret, size, "%s%s/libchaosctl.so", asan, directory);
}

static UNUSED struct table *area_open(const char *path, int flags)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0600);

    if (fd < 0 || ftruncate(fd, sizeof(struct table)))
        give_up(path);
    struct table *mapped = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        give_up("mmap");
    close(fd);
    return mapped;
}

static UNUSED void area_make(void)
{
    char path[PATH_MAX + 16];

    snprintf(scratch, sizeof(scratch), "%s/chaosctl-calls-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(scratch))
        give_up(scratch);
    snprintf(path, sizeof(path), "%s/control", scratch);
    table = area_open(path, O_CREAT | O_EXCL);
    table_init(table);
    table->lease_ns = now_ns() + 60 * SECOND;
    setenv(HANDSHAKE_CONTROL, path, 1);
    setenv(HANDSHAKE_SERVICE, "3", 1);
}

static UNUSED int remove_scratch(void)
{
    char command[PATH_MAX + 16];

    snprintf(command, sizeof(command), "rm -rf '%s'", scratch);
    return system(command);
}

/* For a program of another machine, which the kernel cannot start: EMULATOR is the one that can. */
static UNUSED void emulate(void)
{
    const char *emulator = getenv("EMULATOR");
    char self[PATH_MAX] = "";

    if (emulator && readlink("/proc/self/exe", self, sizeof(self) - 1) > 0)
        execl(emulator, emulator, self, (char *)NULL);
}

/* What the orchestrator sees when the program has ended. */
static UNUSED int run_again(char **argv)
{
    char libraries[2 * PATH_MAX + 32];
    int status;

    preload(libraries, sizeof(libraries));
    pid_t pid = fork();
    if (!pid) {
        setenv("LD_PRELOAD", libraries, 1);
        emulate();
        execv("/proc/self/exe", argv);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    remove_scratch();
    return status ? 1 : 0;
}

/* Returns in the process under the shim only. */
static UNUSED void host_begin(char **argv, int plan)
{
    const char *path = getenv(HANDSHAKE_CONTROL);

    if (!path) {
        area_make();
        exit(run_again(argv));
    }
    table = area_open(path, 0);
    snprintf(scratch, sizeof(scratch), "%s", path);
    dirname(scratch);
    planned = plan;
    signal(SIGPIPE, SIG_IGN);
    printf("1..%d\n", plan);
    fflush(stdout);
}

/* Zeroes stand for what a rule says mostly. */
static UNUSED int arm(struct rule rule)
{
    rule.probability = rule.probability ? rule.probability : RULE_ALWAYS;
    rule.every = rule.every ? rule.every : 1;
    rule.times = rule.times ? rule.times : RULE_ENDLESS;
    rule.until_ns = rule.until_ns ? rule.until_ns : UINT64_MAX;
    rule.size_max = rule.size_max ? rule.size_max : UINT64_MAX;
    rule_seal(&rule);
    table->lease_ns = now_ns() + 60 * SECOND;
    int index = table_arm(table, &rule);
    if (index < 0)
        give_up("table_arm");
    return index;
}

static UNUSED int arm_fault(enum fault_kind kind, uint32_t targets)
{
    return arm((struct rule){.kind = (uint8_t)kind,
                             .effect = (uint8_t)fault_effect(kind),
                             .calls = fault_calls(kind),
                             .targets = targets});
}

static UNUSED int arm_error(enum call call, int error, uint32_t targets)
{
    return arm((struct rule){.kind = FAULT_error,
                             .effect = EFFECT_FAIL,
                             .calls = call_bit(call),
                             .error = error,
                             .targets = targets});
}

static UNUSED int arm_delay(enum call call, uint64_t delay_ns, uint32_t targets)
{
    return arm((struct rule){.kind = FAULT_delay,
                             .effect = EFFECT_WAIT,
                             .calls = call_bit(call),
                             .delay_ns = delay_ns,
                             .targets = targets});
}

static UNUSED void lift(int index)
{
    table_lift(table, (uint32_t)index);
    syscall(SYS_futex, &table->epoch, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static UNUSED void target_add(struct target t)
{
    table->targets[table->target_count] = t;
    table->target_count++;
}

/* A dependency that is a port of 127.0.0.1. */
static UNUSED void target_port(int bit, uint16_t port)
{
    struct target t = {.kind = TARGET_ADDRESS, .bit = (uint8_t)bit, .prefix = 128, .port = port};

    memcpy(t.address, (uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, 16);
    target_add(t);
}

/* --- the program's part --- */

static UNUSED struct sockaddr_in local(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static UNUSED uint16_t port_of(int fd)
{
    struct sockaddr_in own;
    socklen_t len = sizeof(own);

    if (getsockname(fd, (struct sockaddr *)&own, &len))
        give_up("getsockname");
    return ntohs(own.sin_port);
}

/* Bound but not listening is a closed port that nobody can take meanwhile. */
static UNUSED int bound(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = local(0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)))
        give_up("bind");
    return fd;
}

static UNUSED int listener(void)
{
    int fd = bound();

    if (listen(fd, 64))
        give_up("listen");
    return fd;
}

static UNUSED int dial(int fd, uint16_t port)
{
    struct sockaddr_in there = local(port);

    return connect(fd, (struct sockaddr *)&there, sizeof(there));
}

struct pair {
    int client, server;
};

/* A TCP connection to the listener, made while nothing is armed. */
static UNUSED struct pair connection(int listening)
{
    struct pair p = {.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    if (dial(p.client, port_of(listening)))
        give_up("connect");
    p.server = accept(listening, NULL, NULL);
    if (p.server < 0)
        give_up("accept");
    return p;
}

static UNUSED void hang_up(struct pair p)
{
    close(p.client);
    close(p.server);
}

/* Until a thread of ours sleeps in that system call; ANY_CALL: in some. */
#define ANY_CALL (-1L)
static UNUSED void wait_until_in(pid_t tid, long number)
{
    char path[64], line[200];

    snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
    for (uint64_t end = now_ns() + 10 * SECOND; now_ns() < end; sched_yield()) {
        FILE *f = fopen(path, "re");
        char *got = f ? fgets(line, sizeof(line), f) : NULL;
        if (f)
            fclose(f);
        if (got && *got >= '0' && *got <= '9' && (number == ANY_CALL || atol(got) == number))
            return;
    }
    errno = ETIMEDOUT;
    give_up("a thread that should sleep does not");
}

/* -1 for a process that did not end by itself. */
static UNUSED int exit_code_of(pid_t pid)
{
    int status = -1;

    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static UNUSED uint64_t hits(int index)
{
    return table->rules[index].hits;
}

#endif

/* How soon the calls of many processes go on when their delay is lifted:
 *
 *   crowd PORT PROCESSES CONNECTIONS poll|blocking COMMAND ARG...
 *
 * Each process asks on all its connections and waits for the answers: by one poll, or in a thread for each.
 * "connected" is printed when all are there, and a line on standard input then lets them ask.  When all wait,
 * COMMAND is run without what brings a program into a run; printed are the milliseconds from just before it
 * to when a call has its answer: of the median, of the 99th percentile and of the last one; and
 * the processor time of all their waiting, its beginning included. */
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>

#include "bench/bench.h"

#define CALLS_MAX 20000
#define SETTLE_NS (2 * NS_PER_S) /* behind the last question: all sleep by then */

/* Of all processes. */
static struct crowd {
    _Atomic uint32_t connected, may_ask, asked, answered, misled, ended;
    _Atomic uint64_t cpu_ns;
    uint64_t answered_ns[CALLS_MAX];
} * crowd;

static unsigned connections;
static int fds[CALLS_MAX];

static void answered(unsigned call)
{
    crowd->answered_ns[call] = now_ns();
    atomic_fetch_add(&crowd->answered, 1);
}

/* False: not yet, whatever was said. */
static bool take(int fd, unsigned call)
{
    uint64_t answer;
    ssize_t got = recv(fd, &answer, sizeof(answer), 0);

    if (got < 0 && errno == EAGAIN) {
        atomic_fetch_add(&crowd->misled, 1);
        return false;
    }
    if (got != sizeof(answer))
        give_up("recv");
    answered(call);
    return true;
}

static void await_word(void)
{
    while (!atomic_load(&crowd->may_ask))
        syscall(SYS_futex, &crowd->may_ask, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static uint64_t cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

static void ask_all(void)
{
    for (unsigned i = 0; i < connections; i++)
        request(fds[i], sizeof(uint64_t));
    atomic_fetch_add(&crowd->asked, connections);
}

static void wait_by_poll(unsigned first)
{
    struct pollfd waits[CALLS_MAX];
    unsigned left = connections;

    for (unsigned i = 0; i < connections; i++)
        waits[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    while (left) {
        if (poll(waits, connections, -1) < 0)
            give_up("poll");
        for (unsigned i = 0; i < connections; i++)
            if (waits[i].fd >= 0 && waits[i].revents && take(waits[i].fd, first + i)) {
                waits[i].fd = -1;
                left--;
            }
    }
}

struct caller {
    pthread_t thread;
    int fd;
    unsigned call;
};

static void *wait_alone(void *arg)
{
    const struct caller *caller = arg;

    take(caller->fd, caller->call);
    return NULL;
}

static void wait_by_threads(unsigned first)
{
    struct caller callers[CALLS_MAX];
    pthread_attr_t small;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    for (unsigned i = 0; i < connections; i++) {
        set_blocking(fds[i]);
        callers[i] = (struct caller){.fd = fds[i], .call = first + i};
        if (pthread_create(&callers[i].thread, &small, wait_alone, &callers[i]))
            give_up("pthread_create");
    }
    for (unsigned i = 0; i < connections; i++)
        pthread_join(callers[i].thread, NULL);
}

static void be_one(unsigned port, unsigned index, bool polls)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    connect_all(fds, connections, port);
    atomic_fetch_add(&crowd->connected, connections);
    await_word();
    ask_all();
    uint64_t before_ns = cpu_ns();
    if (polls)
        wait_by_poll(index * connections);
    else
        wait_by_threads(index * connections);
    atomic_fetch_add(&crowd->cpu_ns, cpu_ns() - before_ns);
    atomic_fetch_add(&crowd->ended, 1);
    _exit(0);
}

static void await_count(const _Atomic uint32_t *count, unsigned wanted)
{
    uint64_t until_ns = now_ns() + 60 * NS_PER_S;

    while (atomic_load(count) < wanted) {
        sleep_until(now_ns() + NS_PER_MS);
        if (now_ns() > until_ns) {
            errno = ETIMEDOUT;
            give_up("a crowd");
        }
    }
}

static void run_command(char **argv)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        unsetenv("LD_PRELOAD");
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
        give_up(argv[0]);
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static double ms_since(uint64_t at_ns, uint64_t begun_ns)
{
    return ((double)at_ns - (double)begun_ns) / (double)NS_PER_MS;
}

int main(int argc, char **argv)
{
    if (argc < 6)
        return 2;
    unsigned processes = number(argv[2]), calls;
    connections = number(argv[3]);
    calls = processes * connections;
    if (!calls || calls > CALLS_MAX)
        return 2;
    crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crowd == MAP_FAILED)
        give_up("mmap");
    for (unsigned i = 0; i < processes; i++) {
        pid_t pid = fork();
        if (pid < 0)
            give_up("fork");
        if (pid == 0)
            be_one(number(argv[1]), i, !strcmp(argv[4], "poll"));
    }
    await_count(&crowd->connected, calls);
    puts("connected");
    fflush(stdout);
    if (getchar() != '\n')
        return 1;
    atomic_store(&crowd->may_ask, 1);
    syscall(SYS_futex, &crowd->may_ask, FUTEX_WAKE, processes, NULL, NULL, 0);
    await_count(&crowd->asked, calls);
    sleep_until(now_ns() + SETTLE_NS);
    if (atomic_load(&crowd->answered)) {
        fputs("bench: some did not wait\n", stderr);
        return 1;
    }
    uint64_t begun_ns = now_ns();
    run_command(argv + 5);
    await_count(&crowd->answered, calls);
    await_count(&crowd->ended, processes);
    if (atomic_load(&crowd->misled))
        fprintf(stderr, "bench: %u times a call was said to be ready that was not\n",
                atomic_load(&crowd->misled));
    qsort(crowd->answered_ns, calls, sizeof(uint64_t), by_time);
    printf("%.2f %.2f %.2f %.2f\n", ms_since(crowd->answered_ns[calls / 2], begun_ns),
           ms_since(crowd->answered_ns[calls * 99 / 100], begun_ns),
           ms_since(crowd->answered_ns[calls - 1], begun_ns),
           (double)atomic_load(&crowd->cpu_ns) / (double)NS_PER_MS);
    return 0;
}

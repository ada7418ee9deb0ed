/* Processes and threads: who takes the area in, and who obeys. */
#include <spawn.h>

#include "host.h"

#define CACHE (1u << 0)

static int listening;

static int slots_of(pid_t pid)
{
    int found = 0;

    for (int i = 0; i < SLOT_MAX; i++)
        found += table->slots[i].pid == (uint32_t)pid && table->slots[i].service == SERVICE;
    return found;
}

static int obeys(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), result = dial(fd, port_of(listening));
    bool refused = result == -1 && errno == ECONNREFUSED;

    close(fd);
    return refused;
}

static void a_forked_child(void)
{
    pid_t pid = fork();

    if (!pid)
        _exit(slots_of(getpid()) == 1 && obeys() ? 0 : 1);
    fact_equal("a forked child has a slot of its own, and obeys", exit_code_of(pid), 0);
    fact_equal("the parent's is as it was", slots_of(getpid()), 1);
}

static char *self_argv[] = {"processes", "obey", NULL, NULL};

static void the_port_argument(void)
{
    static char text[10];

    snprintf(text, sizeof(text), "%u", port_of(listening));
    self_argv[2] = text;
}

static void an_executed_child(void)
{
    pid_t pid = fork();

    if (!pid) {
        execv("/proc/self/exe", self_argv);
        _exit(127);
    }
    fact_equal("a program that it executes keeps the one slot, and obeys", exit_code_of(pid), 0);
}

static void a_spawned_child(void)
{
    pid_t pid;
    int error = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, self_argv, environ);

    fact("posix_spawn works", !error);
    fact_equal("and its child obeys", exit_code_of(pid), 0);
}

/* Its closes land in our own memory. */
static void a_vforked_child(void)
{
    struct pair p = connection(listening);
    int rule = arm_error(CALL_send, ETIMEDOUT, CACHE);

    send(p.client, "x", 1, 0);
    pid_t pid = vfork();
    if (!pid) {
        close_range(3, ~0u, 0);
        execl("/bin/true", "true", (char *)NULL);
        _exit(127);
    }
    fact_equal("a vfork child closes all and executes", exit_code_of(pid), 0);
    fact("and the parent's connections are known as before",
         send(p.client, "x", 1, 0) == -1 && errno == ETIMEDOUT && hits(rule) == 2);
    lift(rule);
    hang_up(p);
}

static void without_the_variable(void)
{
    pid_t pid = fork();

    if (!pid) {
        unsetenv(HANDSHAKE_CONTROL);
        execv("/proc/self/exe", self_argv);
        _exit(127);
    }
    fact_equal("a child without the variable is brought back", exit_code_of(pid), 0);
}

#define THREADS 8
#define CALLS   500

static _Atomic int wrong;

static void *call_often(void *unused)
{
    for (int i = 0; i < CALLS; i++)
        wrong += !obeys();
    return unused;
}

static void threads(void)
{
    pthread_t thread[THREADS];
    int rule = arm_fault(FAULT_refuse, CACHE);

    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, call_often, NULL))
            give_up("pthread_create");
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    fact("threads: every call of every thread is refused", !wrong);
    fact_equal("threads: and counted", (long)hits(rule), THREADS * CALLS);
    lift(rule);
}

static void *change_rules(void *stop)
{
    while (!*(_Atomic bool *)stop) {
        for (int i = 0; i < 100 && !*(_Atomic bool *)stop; i++)
            table->epoch++;
        sched_yield();
    }
    return NULL;
}

/* No lock of ours may be held across a fork. */
static void a_fork_storm(void)
{
    _Atomic bool stop = false;
    pthread_t thread[2];
    int failed = 0;

    pthread_create(&thread[0], NULL, change_rules, &stop);
    pthread_create(&thread[1], NULL, call_often, NULL);
    for (int i = 0; i < 200; i++) {
        pid_t pid = fork();
        if (!pid)
            _exit(slots_of(getpid()) == 1 && obeys() ? 0 : 1);
        failed += exit_code_of(pid) != 0;
        for (int s = 0; s < SLOT_MAX; s++)
            if (table->slots[s].pid == (uint32_t)pid)
                table->slots[s].pid = 0;
    }
    stop = true;
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    fact_equal("a fork storm beside calls and changes: every child obeys", failed, 0);
}

static void a_full_table(void)
{
    struct slot kept[SLOT_MAX];

    memcpy(kept, table->slots, sizeof(kept));
    for (int i = 0; i < SLOT_MAX; i++)
        table->slots[i].pid = 1;
    pid_t pid = fork();
    if (!pid)
        _exit(obeys() ? 0 : 1);
    fact_equal("without a free slot a child obeys all the same", exit_code_of(pid), 0);
    memcpy(table->slots, kept, sizeof(kept));
}

static int dial_port(const char *text)
{
    return dial(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (uint16_t)atoi(text));
}

/* What the executed children do: the name is the order. */
static int child(char **argv)
{
    table = area_open(getenv(HANDSHAKE_CONTROL), 0);
    return dial_port(argv[2]) == -1 && errno == ECONNREFUSED && slots_of(getpid()) == 1 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return child(argv);
    host_begin(argv, 13);
    listening = listener();
    target_port(0, port_of(listening));
    the_port_argument();
    fact_equal("the process itself took the area in, once", slots_of(getpid()), 1);
    int rule = arm_fault(FAULT_refuse, CACHE);
    a_forked_child();
    an_executed_child();
    a_spawned_child();
    without_the_variable();
    a_full_table();
    a_fork_storm();
    lift(rule);
    threads();
    a_vforked_child();
    return 0;
}

/* Programs that give up system calls.  Each child here may make those of its own and no other: with a rule
 * armed on what it does, one call of ours would end it. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "../calls/host.h"

#define CACHE (1u << 0)

static struct pair p;

#define ALLOWS(call)                                                                                         \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    ALLOWS(SYS_read),
    ALLOWS(SYS_write),
    ALLOWS(SYS_exit),
    ALLOWS(SYS_exit_group),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};
static struct sock_fprog program = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};

static int strict_by_prctl(void)
{
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
}

static int strict_by_number(void)
{
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
}

static int filter_by_prctl(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int filter_by_number(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* What the child makes are its own system calls: a write, a read of an answer that is there, and its exit. */
static bool is_marked(pid_t pid)
{
    for (int i = 0; i < SLOT_MAX; i++)
        if (table->slots[i].pid == (uint32_t)pid)
            return table->slots[i].joined_ns == SLOT_RETIRED;
    return false;
}

static void inside(const char *sentence, int (*close_door)(void))
{
    pid_t pid = fork();

    if (!pid) {
        char byte;
        bool wrong = write(p.client, "x", 1) != -1 || errno != ETIMEDOUT || close_door();
        wrong = wrong || write(p.client, "x", 1) != 1 || read(p.client, &byte, 1) != 1;
        syscall(SYS_exit, wrong ? 1 : 0);
    }
    if (send(p.server, "y", 1, 0) != 1)
        give_up("send");
    int code = exit_code_of(pid);
    fact(sentence, !code && is_marked(pid));
    if (code)
        printf("# exit %d\n", code);
}

/* libseccomp asks so what the kernel can do. */
static void a_question(void)
{
    pid_t pid = fork();

    if (!pid) {
        bool asked = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) == -1 && errno == EFAULT;
        _exit(asked && write(p.client, "x", 1) == -1 && errno == ETIMEDOUT ? 0 : 1);
    }
    fact_equal("a question about seccomp changes nothing", exit_code_of(pid), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 6);
    int listening = listener();
    target_port(0, port_of(listening));
    p = connection(listening);
    int rule = arm_error(CALL_write, ETIMEDOUT, CACHE);
    inside("strict mode by prctl: it passes through, and lives", strict_by_prctl);
    inside("strict mode by its system call", strict_by_number);
    inside("a filter by prctl", filter_by_prctl);
    inside("a filter by its system call", filter_by_number);
    a_question();
    fact_equal("the fault had struck each of them before", (long)hits(rule), 5);
    lift(rule);
    hang_up(p);
    return 0;
}

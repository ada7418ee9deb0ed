/* What happens to descriptors and processes behind a fault's back: HAZARDS' rows about dup, SCM_RIGHTS,
 * close_range, cancellation, clone, daemons, chroot and limits.  Each of these once lost or misplaced a fault
 * in somebody's shim. */
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "../calls/host.h"

#define CACHE (1u << 0)
#define FILED (1u << 1)

static int listening, elsewhere;

/* What arrives for the target's clients is held until it is lifted. */
static int hold_on(uint32_t targets)
{
    return arm((struct rule){.kind = FAULT_blackhole,
                             .effect = EFFECT_HOLD,
                             .calls = fault_calls(FAULT_blackhole),
                             .endless = true,
                             .targets = targets,
                             .direction = DIRECTION_OUTBOUND});
}

static int hold(void)
{
    return hold_on(CACHE);
}

static bool is_held(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

static bool gets(int fd, const char *wanted)
{
    char buf[16];
    size_t len = strlen(wanted);

    return recv(fd, buf, len, MSG_WAITALL) == (ssize_t)len && !memcmp(buf, wanted, len);
}

static void tell(int fd)
{
    if (send(fd, "hello", 5, 0) != 5)
        give_up("send");
}

/* --- numbers --- */

union rights {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

static void pass(int by, int fd)
{
    union rights room = {0};
    struct iovec part = {.iov_base = "x", .iov_len = 1};
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    if (sendmsg(by, &m, 0) != 1)
        give_up("sendmsg");
}

static int take_by(int by, int flags)
{
    union rights room;
    char byte;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes)};
    int fd = -1;

    if (recvmsg(by, &m, MSG_CMSG_CLOEXEC | flags) == 1 && CMSG_FIRSTHDR(&m))
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
    return fd;
}

static int take(int by)
{
    return take_by(by, 0);
}

static int take_now(int by)
{
    return take_by(by, MSG_DONTWAIT);
}

static void passed_on(void)
{
    struct pair p = connection(listening);
    int two[2], rule = hold();

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two))
        give_up("socketpair");
    tell(p.server);
    bool before = is_held(p.client);
    pass(two[0], p.client);
    close(p.client);
    p.client = take(two[1]);
    fact("a descriptor that was passed on is held under its new number", before && is_held(p.client));
    lift(rule);
    fact("and has its data after the lift", gets(p.client, "hello"));
    close(two[0]);
    close(two[1]);
    hang_up(p);
}

static int open_numbers(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static struct pair unix_connection(void)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct target t = {.kind = TARGET_UNIX, .bit = 1};
    struct pair p = {.client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(un.sun_path, sizeof(un.sun_path), "%.80s/socket", scratch);
    snprintf(t.text, sizeof(t.text), "%s", un.sun_path);
    target_add(t);
    if (bind(fd, (struct sockaddr *)&un, sizeof(un)) || listen(fd, 1) ||
        connect(p.client, (struct sockaddr *)&un, sizeof(un)))
        give_up(un.sun_path);
    p.server = accept(fd, NULL, NULL);
    close(fd);
    return p;
}

/* To look at such a message with MSG_PEEK is to take its descriptors, each time. */
static void held_with_rights(void)
{
    struct pair p = unix_connection();
    int rule = hold_on(FILED), before = open_numbers();

    pass(p.server, elsewhere);
    bool held = take_now(p.client) == -1 && errno == EAGAIN && take_now(p.client) == -1;
    bool untouched = open_numbers() == before;
    lift(rule);
    int got = take(p.client);
    fact("what is held with descriptors in it brings each of them once",
         held && untouched && got >= 0 && open_numbers() == before + 1);
    close(got);
    hang_up(p);
}

static void replaced(void)
{
    struct pair p = connection(listening), other = connection(elsewhere);
    int rule = hold();

    tell(p.server);
    tell(other.server);
    bool before = is_held(p.client);
    fact("what is put over a held descriptor by dup2 is not held",
         before && dup2(other.client, p.client) == p.client && gets(p.client, "hello"));
    lift(rule);
    hang_up(p);
    hang_up(other);
}

static void closed_in_a_range(void)
{
    struct pair p = connection(listening), other = connection(elsewhere);
    int rule = hold();

    tell(p.server);
    bool before = is_held(p.client);
    close_range((unsigned)p.client, (unsigned)p.client, 0);
    tell(other.server);
    int reused = fcntl(other.client, F_DUPFD_CLOEXEC, p.client);
    fact("what gets the number of one that close_range closed is not held",
         before && reused == p.client && gets(reused, "hello"));
    lift(rule);
    close(reused);
    close(p.server);
    hang_up(other);
}

static void aliases_drain_together(void)
{
    struct pair p = connection(listening);
    int copy = dup(p.client), rule = hold();

    tell(p.server);
    bool before = is_held(p.client) && is_held(copy);
    lift(rule);
    fact("half through one number and half through its copy is the whole",
         before && gets(copy, "he") && gets(p.client, "llo"));
    close(copy);
    hang_up(p);
}

/* --- threads --- */

static void *receive(void *fd)
{
    char byte;

    return recv(*(int *)fd, &byte, 1, 0) == 1 ? fd : NULL;
}

static void cancelled_while_held(void)
{
    struct pair p = connection(listening);
    pthread_t thread;
    void *end = NULL;
    int rule = hold();

    tell(p.server);
    bool before = is_held(p.client);
    if (pthread_create(&thread, NULL, receive, &p.client))
        give_up("pthread_create");
    /* Wherever it is by then, it ends at the wait. */
    pthread_cancel(thread);
    pthread_join(thread, &end);
    fact("a thread can be cancelled while it waits for what is held", before && end == PTHREAD_CANCELED);
    fact("and nothing is locked by it", is_held(p.client));
    lift(rule);
    fact("nor lost with it", gets(p.client, "hello"));
    hang_up(p);
}

/* --- processes --- */

static int slots_of(pid_t pid)
{
    int found = 0;

    for (int i = 0; i < SLOT_MAX; i++)
        found += table->slots[i].pid == (uint32_t)pid && table->slots[i].service == SERVICE;
    return found;
}

static bool obeys(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), result = dial(fd, port_of(listening));
    bool refused = result == -1 && errno == ECONNREFUSED;

    close(fd);
    return refused;
}

/* Its words are its own: a number that it closes and reuses is known for what it is. */
static int life_of_a_child(int known)
{
    int own = dup(elsewhere);

    close(known);
    return obeys() && slots_of(getpid()) == 1 && dup2(own, known) == known ? 0 : 1;
}

static pid_t raw_clone(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static void a_child_by(const char *sentence, int known, pid_t (*by)(void))
{
    pid_t pid = by();

    if (!pid)
        _exit(life_of_a_child(known));
    fact_equal(sentence, exit_code_of(pid), 0);
}

/* As daemons do: fork twice, a session of its own, no descriptor left. */
static void daemon_itself(void)
{
    if (fork())
        _exit(0);
    setsid();
    if (fork())
        _exit(0);
    if (chdir("/"))
        _exit(3);
    struct sockaddr_in there = local(port_of(listening));
    closefrom(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool refused = connect(fd, (struct sockaddr *)&there, sizeof(there)) == -1 && errno == ECONNREFUSED;
    _exit(fd == 0 && refused && slots_of(getpid()) == 1 ? 42 : 1);
}

static void a_daemon(void)
{
    int status, code = -1;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t pid = fork();
    if (!pid)
        daemon_itself();
    while (waitpid(-1, &status, 0) > 0)
        code = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : code;
    fact_equal("a daemon that forked twice and closed everything has a slot, and obeys", code, 42);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void in_a_jail(void)
{
    if (geteuid()) {
        printf("ok %d # SKIP only root can chroot and become another user\n", ++facts);
        return;
    }
    pid_t pid = fork();
    if (!pid) {
        if (chroot(scratch) || chdir("/") || setgid(65534) || setuid(65534))
            _exit(2);
        _exit(obeys() ? 0 : 1);
    }
    fact_equal("in a chroot and as another user it obeys", exit_code_of(pid), 0);
}

/* --- limits --- */

static int true_within(rlim_t bytes, bool with_shim)
{
    pid_t pid = fork();

    if (!pid) {
        if (!with_shim)
            unsetenv("LD_PRELOAD");
        setrlimit(RLIMIT_AS, &(struct rlimit){bytes, bytes});
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execl("/bin/true", "true", (char *)NULL);
        _exit(127);
    }
    return exit_code_of(pid);
}

/* Its pools are 22 MB of address space, of which next to nothing is ever used.  Where they do not fit the
 * loader leaves the shim out.  (Where they just do, it is libc that does not: a program with so narrow a
 * limit cannot be entered.) */
static void little_address_space(void)
{
    int worse = 0;

    if (strstr(getenv("LD_PRELOAD"), "libasan")) {
        printf("ok %d # SKIP ASan takes terabytes\n", ++facts);
        printf("ok %d # SKIP ASan takes terabytes\n", ++facts);
        return;
    }
    for (rlim_t mb = 2; mb <= 20; mb += 2)
        worse += !true_within(mb << 20, false) && true_within(mb << 20, true);
    fact_equal("with too little address space for the shim a program runs without it", worse, 0);
    fact_equal("and with 32 MB it runs with it", true_within(32 << 20, true), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 15);
    listening = listener();
    elsewhere = listener();
    target_port(0, port_of(listening));
    passed_on();
    held_with_rights();
    replaced();
    closed_in_a_range();
    aliases_drain_together();
    cancelled_while_held();
    struct pair kept = connection(listening);
    int rule = arm_fault(FAULT_refuse, CACHE);
    a_child_by("a child by _Fork has a slot of its own, and obeys", kept.client, _Fork);
    a_child_by("and so has one by a clone that no handler saw", kept.client, raw_clone);
    a_daemon();
    in_a_jail();
    lift(rule);
    little_address_space();
    return 0;
}

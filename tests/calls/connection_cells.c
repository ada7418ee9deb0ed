/* Each fault on connections as such, seen through each way to wait.  What happens to what they carry:
 * stream_cells.c. */
#include "stream.h"

/* What a new connection meets, what an established one does; 0: nothing. */
static const struct cell {
    enum fault_kind kind;
    int refusal, reset;
} cells[] = {
    {FAULT_refuse, ECONNREFUSED, 0},
    {FAULT_unreachable, EHOSTUNREACH, 0},
    {FAULT_outage, ECONNREFUSED, ECONNRESET},
    {FAULT_reset, 0, ECONNRESET},
};
enum { CELLS = sizeof(cells) / sizeof(cells[0]), FACTS = 4 + 4 + 5 + 5 };

static char sentence[150];

static const char *of(const struct cell *c, enum manner way, const char *what)
{
    snprintf(sentence, sizeof(sentence), "%s, %s: %s", fault_name(c->kind), way_names[way], what);
    return sentence;
}

static int arm_cell(const struct cell *c)
{
    struct rule rule = stream_rule(c->kind);

    rule.error = c->refusal;
    return arm(rule);
}

static int so_error(int fd)
{
    int error = -1;
    socklen_t len = sizeof(error);

    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    return error;
}

/* What connecting ends with: at once, or when the socket is said to be ready. */
static int outcome(enum manner way, int fd)
{
    struct reader r = {.set = -1};
    int result, error;

    non_blocking(fd, way != BLOCKING);
    result = dial(fd, port_of(listening));
    error = result ? errno : 0;
    if (error == EINPROGRESS) {
        r = reader_of(way, fd);
        error = ready(&r, 10000) == 1 ? so_error(fd) : ETIMEDOUT;
    }
    reader_end(&r);
    return error;
}

static bool hello_comes(struct reader *r, int from)
{
    char buf[10] = "";

    return send(from, "hello", 5, 0) == 5 && get_all(r, buf, 5, 10000) && !memcmp(buf, "hello", 5);
}

static void new_ones(const struct cell *c, enum manner way)
{
    int rule = arm_cell(c), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = outcome(way, fd);

    fact_equal(of(c, way, "what a new connection meets"), error, c->refusal);
    fact_equal("and that is its hit", (long)hits(rule), 1);
    lift(rule);
    close(fd);
}

/* Connecting succeeds; what then flows is what is struck. */
static void new_ones_are_made(const struct cell *c, enum manner way)
{
    int rule = arm_cell(c), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    non_blocking(fd, way != BLOCKING);
    bool begun = !dial(fd, port_of(listening)) || errno == EINPROGRESS;
    fact(of(c, way, "a new connection is made"), begun && poll(&p, 1, 10000) == 1 && !so_error(fd));
    fact("and that is no hit", !hits(rule));
    lift(rule);
    close(accept(listening, NULL, NULL));
    close(fd);
}

static bool meets(struct reader *r, int error)
{
    char buf[10];
    bool told = ready(r, 10000) == 1;
    ssize_t got = recv(r->fd, buf, sizeof(buf), 0);
    bool right = told && got == -1 && errno == error;

    if (!right)
        printf("# told %d, got %zd, errno %d\n", told, got, errno);
    return right;
}

static void established_ones(const struct cell *c, enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client), peer = reader_of(way, p.server);
    int rule = arm_cell(c);

    if (!c->reset) {
        fact(of(c, way, "an established connection lives on"),
             hello_comes(&r, p.server) && hello_comes(&peer, p.client) && !hits(rule));
    } else {
        bool told = send(p.server, "hello", 5, 0) == 5 && meets(&r, c->reset) && meets(&peer, c->reset);
        fact(of(c, way, "both ends of an established connection are told of a reset"),
             told && hits(rule) == 1);
    }
    lift(rule);
    reader_end(&r);
    reader_end(&peer);
    hang_up(p);
}

static void all_is_well_again(const struct cell *c, enum manner way)
{
    struct pair p = connection(listening);
    struct reader r = reader_of(way, p.client);

    fact(of(c, way, "after the lift a connection works"), hello_comes(&r, p.server));
    reader_end(&r);
    hang_up(p);
}

struct waiter {
    struct reader r;
    _Atomic pid_t tid;
    bool right;
};

static void *wait_for_the_reset(void *argument)
{
    struct waiter *w = argument;

    w->tid = gettid();
    w->right = meets(&w->r, ECONNRESET);
    return NULL;
}

/* As the orchestrator does it: it takes the descriptor (pidfd_getfd), and not through the shim.  The kernels
 * that refuse to disconnect a socket that a thread waits on are made to shut it. */
static void reset_from_outside(int fd)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    if (syscall(SYS_connect, fd, &nowhere, sizeof(nowhere)))
        syscall(SYS_shutdown, fd, SHUT_RDWR);
}

/* Who waits since before the fault sleeps in the kernel, where only the orchestrator reaches it. */
static void who_waits(const struct cell *c, enum manner way)
{
    static const long sleeps_in[WAYS] = {SYS_recvfrom,   SYS_poll,       SYS_pselect6,
                                         SYS_epoll_wait, SYS_epoll_wait, SYS_epoll_wait};
    struct pair p = connection(listening);
    struct waiter w = {.r = reader_of(way, p.client)};
    pthread_t thread;

    if (pthread_create(&thread, NULL, wait_for_the_reset, &w))
        give_up("pthread_create");
    while (!w.tid)
        sched_yield();
    wait_until_in(w.tid, sleeps_in[way]);
    int rule = arm_cell(c);
    reset_from_outside(p.client);
    pthread_join(thread, NULL);
    fact(of(c, way, "who waited before wakes to the reset"), w.right);
    lift(rule);
    reader_end(&w.r);
    hang_up(p);
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, WAYS * FACTS);
    for (int i = 0; i < CELLS; i++)
        for (enum manner way = 0; way < WAYS; way++) {
            cells[i].refusal ? new_ones(&cells[i], way) : new_ones_are_made(&cells[i], way);
            established_ones(&cells[i], way);
            all_is_well_again(&cells[i], way);
            if (cells[i].reset)
                who_waits(&cells[i], way);
        }
    return 0;
}

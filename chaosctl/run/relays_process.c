/* What the process of the proxies does.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chaosctl/proxy/proxies.h"
#include "chaosctl/run/relays_process.h"

struct relays_loop {
    struct relays_process *process;
    struct relay *relay;
    struct proxies *proxies;
    struct relay_target targets[DEPENDENCY_MAX];
    struct proxy *proxy[DEPENDENCY_MAX];
};

/* --- leaving the parent --- */

/* Its terminal's Ctrl-C is for the run, which ends us when it has lifted and cleaned up. */
static void set_signals(pid_t parent)
{
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Services' pipes, the run's sockets: each would stay open with us. */
static void close_others(const struct relays_process *p)
{
    unsigned low = (unsigned)(p->socket < p->event_fd ? p->socket : p->event_fd);
    unsigned high = (unsigned)(p->socket < p->event_fd ? p->event_fd : p->socket);
    int null = open("/dev/null", O_RDWR);

    for (int fd = 0; fd < 3 && null >= 0; fd++)
        dup2(null, fd);
    if (low > 3)
        close_range(3, low - 1, 0);
    if (high > low + 1)
        close_range(low + 1, high - 1, 0);
    close_range(high + 1, ~0u, 0);
}

/* --- serving --- */

static void on_change(void *arg, int fd)
{
    struct relays_loop *l = arg;
    eventfd_t changes;

    (void)eventfd_read(fd, &changes);
    relay_review_all(l->relay, NULL);
}

static uint64_t reset(struct relays_loop *l, uint32_t targets)
{
    uint64_t count = 0;

    for (int i = 0; i < DEPENDENCY_MAX; i++) {
        if (!l->proxy[i] || !(targets & 1u << i))
            continue;
        count += l->proxy[i]->count.open;
        relay_drop_all(l->relay, &l->targets[i]);
    }
    return count;
}

static void on_request(void *arg, int fd)
{
    struct relays_loop *l = arg;
    uint32_t targets;

    if (recv(fd, &targets, sizeof(targets), 0) != sizeof(targets))
        _exit(0);
    uint64_t count = reset(l, targets);
    if (send(fd, &count, sizeof(count), MSG_NOSIGNAL) != sizeof(count))
        _exit(0);
}

static bool make_proxy(struct relays_loop *l, int i, const struct dependency *d, struct problem *problem)
{
    l->targets[i] = (struct relay_target){
        .table = l->process->table, .targets = 1u << i, .direction = DIRECTION_OUTBOUND};
    struct proxy_wish wish = {
        .name = d->name,
        .listen = d->listen,
        .upstream = d->upstream,
        .is_enabled = true,
        .policy = &relay_rules,
        .arg = &l->targets[i],
    };
    l->proxy[i] = proxy_create(l->proxies, &wish, problem);
    return l->proxy[i];
}

static void make_proxies(struct relays_loop *l, char text[static RELAYS_TEXT_BYTES])
{
    const struct scenario *s = l->process->scenario;
    struct problem problem = {0};

    snprintf(text, RELAYS_TEXT_BYTES, RELAYS_READY);
    for (int i = 0; i < (int)s->dependencies_count && i < DEPENDENCY_MAX; i++) {
        const struct dependency *d = &s->dependencies[i];
        if (!d->listen || make_proxy(l, i, d, &problem))
            continue;
        snprintf(text, RELAYS_TEXT_BYTES, "proxy %s: %s", d->name, problem.text);
        return;
    }
}

void relays_process(struct relays_process *process)
{
    static struct relays_loop l;
    char text[RELAYS_TEXT_BYTES];

    set_signals(process->parent);
    close_others(process);
    prctl(PR_SET_NAME, "chaosctl-proxy");
    l.process = process;
    int error = relay_open(&l.relay);
    if (!error)
        error = proxies_new(l.relay, 0, &l.proxies);
    if (!error)
        error = relay_watch(l.relay, process->event_fd, on_change, &l);
    if (!error)
        error = relay_watch(l.relay, process->socket, on_request, &l);
    if (error)
        snprintf(text, sizeof(text), "the process of the proxies: %s", strerror(-error));
    else
        make_proxies(&l, text);
    if (send(process->socket, text, strlen(text), MSG_NOSIGNAL) < 0 || strcmp(text, RELAYS_READY))
        _exit(1);
    relay_run(l.relay);
    _exit(1);
}

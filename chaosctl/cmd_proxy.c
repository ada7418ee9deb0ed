/* chaosctl proxy: Toxiproxy's HTTP API, and the proxies that it commands.  Floor 5. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/command.h"
#include "chaosctl/proxy/api.h"
#include "chaosctl/proxy/server.h"

#define LISTEN     "127.0.0.1:8474"
#define CONFIG_MAX (16 * 1024 * 1024)

enum { OPTION_LISTEN = 1, OPTION_CONFIG, OPTION_SEED };

static const struct option_row rows[] = {
    {OPTION_LISTEN, 'l', "listen", "ADDRESS", "where the API listens; " LISTEN " unless given"},
    {OPTION_CONFIG, 'c', "config", "FILE", "make the proxies of this file, JSON as /populate takes it"},
    {OPTION_SEED, 's', "seed", "N", "every random decision follows from it; of the clock unless given"},
    {0},
};

static int proxy_run(int argc, char **argv);

const struct command command_proxy = {
    .name = "proxy",
    .operands = "",
    .summary = "Serve Toxiproxy's HTTP API: TCP proxies with toxics, for its client libraries",
    .details =
        "Runs until SIGINT or SIGTERM.  Whoever reaches ADDRESS commands the proxies: there is no password.",
    .options = rows,
    .run = proxy_run,
};

struct wish {
    const char *listen, *config;
    uint64_t seed;
};

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "chaosctl proxy: %s: %s\n", what, why);
    return EXIT_TOOL;
}

/* Thousands of connections have two descriptors each. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- the file --- */

static int read_file(const char *path, struct buf *ret_text)
{
    cleanup_file FILE *file = fopen(path, "re");
    char part[4096];

    if (!file)
        return fail(path, strerror(errno));
    for (size_t n; (n = fread(part, 1, sizeof(part), file)) && ret_text->len <= CONFIG_MAX;)
        buf_add_n(ret_text, part, n);
    if (ferror(file))
        return fail(path, strerror(errno));
    if (ret_text->len > CONFIG_MAX || ret_text->failed)
        return fail(path, "too large");
    return 0;
}

static int populate(struct proxies *proxies, const char *path)
{
    cleanup_buf struct buf text = {0};
    struct problem problem = {0};
    int code = read_file(path, &text);

    if (code)
        return code;
    if (api_populate(proxies, buf_text(&text), text.len, &problem) >= 0)
        return 0;
    fail(path, problem.text);
    return problem.status == 400 ? EXIT_USAGE : EXIT_TOOL;
}

/* --- running --- */

static void on_signal(void *arg, int fd)
{
    struct signalfd_siginfo info;

    if (read(fd, &info, sizeof(info)) == sizeof(info))
        relay_stop(arg);
}

/* Before the first thread is made, which inherits what is blocked. */
static int watch_signals(struct relay *relay, int *ret_fd)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *ret_fd < 0 ? -errno : relay_watch(relay, *ret_fd, on_signal, relay);
}

static const char *why_not(int error)
{
    if (error == -ELIBACC)
        return "libmicrohttpd is not installed (Debian: libmicrohttpd12)";
    return error == -EINVAL ? "not HOST:PORT" : strerror(-error);
}

static int serve(struct relay *relay, struct proxies *proxies, const struct wish *wish)
{
    struct server *server;
    int code = wish->config ? populate(proxies, wish->config) : 0;

    if (code)
        return code;
    int error = server_open(relay, proxies, wish->listen, &server);
    if (error)
        return error == -EINVAL ? usage_error(&command_proxy, "--listen %s: not HOST:PORT", wish->listen)
                                : fail(wish->listen, why_not(error));
    fprintf(stderr, "chaosctl proxy: listens on %s\n", server_address(server));
    error = server_run(server);
    server_close(server);
    return error ? fail("cannot go on", strerror(-error)) : EXIT_PASS;
}

static int run(const struct wish *wish)
{
    struct relay *relay = NULL;
    struct proxies *proxies = NULL;
    cleanup_fd int signals = -1;
    int error = relay_open(&relay), code = EXIT_TOOL;

    if (!error)
        error = watch_signals(relay, &signals);
    if (!error)
        error = proxies_new(relay, wish->seed, &proxies);
    if (error)
        fail("cannot begin", strerror(-error));
    else
        code = serve(relay, proxies, wish);
    proxies_free(proxies);
    relay_close(relay);
    return code;
}

static int proxy_run(int argc, char **argv)
{
    struct options o = options_of(&command_proxy, argc, argv);
    struct wish wish = {.listen = LISTEN, .seed = now_wall_ns()};
    const char *seed = NULL;

    for (int id; (id = option_next(&o)) > 0;) {
        if (id == OPTION_LISTEN)
            wish.listen = o.value;
        else if (id == OPTION_CONFIG)
            wish.config = o.value;
        else
            seed = o.value;
    }
    if (o.done)
        return o.status;
    if (o.operand_count)
        return usage_error(&command_proxy, "no operand is taken");
    if (seed && unit_parse_count(seed, &wish.seed))
        return usage_error(&command_proxy, "--seed %s: not a whole number", seed);
    raise_limit();
    return run(&wish);
}

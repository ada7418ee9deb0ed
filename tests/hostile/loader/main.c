/* What loader.test runs: one word says what to do, one line of output says how it went. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

typedef const char *dialler(int port);

static int fail(void)
{
    printf("%s\n", dlerror());
    return 1;
}

static const char *dial(int port)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const char *said =
        connect(fd, (struct sockaddr *)&there, sizeof(there)) ? strerrorname_np(errno) : "connected";
    close(fd);
    return said;
}

static void *plugin_open(const char *how, const char *path)
{
    if (!strcmp(how, "apart"))
        return dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
    return dlopen(path, RTLD_NOW | (!strcmp(how, "deep") ? RTLD_DEEPBIND : 0));
}

static int plugin(char **a)
{
    void *library = plugin_open(a[0], a[1]);
    dialler *from = library ? (dialler *)dlsym(library, "plugin_dial") : NULL;

    if (!from)
        return fail();
    printf("%s\n", from(atoi(a[2])));
    return 0;
}

/* By name alone: only who asks has the folder in its RUNPATH. */
static int runpath(char **a)
{
    if (!dlopen(a[0], RTLD_NOW))
        return fail();
    printf("found\n");
    return 0;
}

static int static_tls(char **a)
{
    char path[4096];
    int opened = 0;

    for (int i = 1; i <= 50; i++) {
        snprintf(path, sizeof(path), "%s/tls%d.so", a[0], i);
        opened += dlopen(path, RTLD_NOW) != NULL;
    }
    printf("%d\n", opened);
    return 0;
}

static int again_and_again(char **a)
{
    int wrong = 0;

    for (int i = 0; i < 500; i++) {
        void *library = plugin_open(i % 2 ? "deep" : "now", a[0]);
        dialler *from = library ? (dialler *)dlsym(library, "plugin_dial") : NULL;
        wrong += !from || strcmp(from(atoi(a[1])), a[2]);
        if (library)
            dlclose(library);
    }
    printf("%d wrong\n", wrong);
    return 0;
}

static int by_hand(char **a)
{
    void *shim = dlopen(a[0], RTLD_NOW | RTLD_GLOBAL);
    ssize_t (*its_send)(int, const void *, size_t, int) =
        shim ? (ssize_t(*)(int, const void *, size_t, int))dlsym(shim, "send") : NULL;
    int two[2];

    if (!its_send)
        return fail();
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, two))
        return 1;
    printf("%zd\n", its_send(two[0], "x", 1, 0));
    return 0;
}

/* Opaque, or the compiler knows what malloc would have said. */
static void *volatile block;

static int memory(void)
{
    block = malloc(64);
    printf("%s, ", block ? "small" : "nothing small");
    free(block);
    block = malloc(2 << 20);
    printf("%s\n", block ? "big" : "nothing big");
    free(block);
    return 0;
}

static void tell_frames(int number)
{
    void *frames[64];

    (void)number;
    backtrace_symbols_fd(frames, backtrace(frames, 64), 1);
    _exit(0);
}

__attribute__((noinline)) int who_waits(int fd)
{
    char byte;

    return (int)recv(fd, &byte, 1, 0) + 1;
}

/* A delay armed on recv sleeps in the shim; the handler looks back from there. */
static int frames(void)
{
    struct itimerval soon = {.it_value = {.tv_usec = 200000}};
    void *first[1];
    int two[2];

    backtrace(first, 1); /* loads libgcc_s, which a handler should not */
    signal(SIGALRM, tell_frames);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, two))
        return 1;
    setitimer(ITIMER_REAL, &soon, NULL);
    return who_waits(two[0]);
}

int main(int count, char **argument)
{
    const char *what = count > 1 ? argument[1] : "";
    char **a = argument + 2;

    if (!strcmp(what, "plugin"))
        return plugin(a);
    if (!strcmp(what, "runpath"))
        return runpath(a);
    if (!strcmp(what, "tls"))
        return static_tls(a);
    if (!strcmp(what, "loop"))
        return again_and_again(a);
    if (!strcmp(what, "hand"))
        return by_hand(a);
    if (!strcmp(what, "memory"))
        return memory();
    if (!strcmp(what, "frames"))
        return frames();
    printf("%s\n", dial(atoi(what)));
    return 0;
}

/* What tests/unit/explore.c explores: one program, a way of being wrong or right per word. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        _exit(3);
}

static int unchecked(void)
{
    char *p = malloc(16);

    strcpy(p, "text\n");
    put(p);
    free(p);
    return 0;
}

static int checked(void)
{
    char *p = malloc(16);

    if (!p)
        return 1;
    strcpy(p, "text\n");
    put(p);
    free(p);
    return 0;
}

/* stdio's own write, of which nobody asks. */
static int printed(void)
{
    puts("text");
    return 0;
}

/* Each allocation is one that it can do without: so each branch prints all of the input, if it reads it. */
static int parts(void)
{
    char part[4];
    int fd = open("input", O_RDONLY);

    if (fd < 0)
        return 1;
    for (ssize_t n; (n = read(fd, part, sizeof(part)));) {
        if (n < 0)
            return 1;
        if (write(STDOUT_FILENO, part, n) < 0)
            return 1;
        void *volatile spare = malloc(n); /* which the compiler may not leave out */
        free(spare);
    }
    close(fd);
    return 0;
}

/* Ignores that its file is incomplete. */
static int file(void)
{
    FILE *f = fopen("output", "w");

    if (!f)
        return 1;
    fputs("text\n", f);
    fclose(f);
    return 0;
}

/* It can do without the memory; not without the lock, which a branch must not take before it. */
static int locked(void)
{
    void *volatile spare = malloc(16);
    int fd = open("lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    free(spare);
    bool is_taken = fd < 0 && errno == EEXIST;
    if (fd >= 0)
        unlink("lock");
    if (fd >= 0)
        close(fd);
    if (fd < 0 && !is_taken)
        return 1;
    put(is_taken ? "taken\n" : "free\n");
    return 0;
}

static int varies(void)
{
    printf("%d\n", getpid());
    return fflush(stdout) ? 1 : 0;
}

static int fails(void)
{
    fputs("no such luck\n", stderr);
    return 7;
}

/* For ever, when it cannot open what it needs. */
static int retries(void)
{
    int fd;

    do
        fd = open("input", O_RDONLY);
    while (fd < 0);
    close(fd);
    return 0;
}

/* Every signal blocked, one of which the traps need. */
static int masked(void)
{
    sigset_t all;

    sigfillset(&all);
    if (sigprocmask(SIG_BLOCK, &all, NULL))
        return 1;
    return checked();
}

static void *nothing(void *arg)
{
    return arg;
}

/* Threads, an end of a socket, a child: nothing that a branch could share. */
static int entangled(void)
{
    int ends[2];
    pthread_t thread;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return 1;
    if (pthread_create(&thread, NULL, nothing, NULL))
        return 1;
    pthread_join(thread, NULL);
    int status = system("test -z \"$LD_PRELOAD$CHAOSCTL_EXPLORE\"");
    close(ends[0]);
    close(ends[1]);
    return status ? 1 : unchecked();
}

/* What it read that was never written is the pattern, in each run. */
static int fresh(void)
{
    unsigned char *p = malloc(64);

    if (!p)
        return 1;
    unsigned char *volatile hidden = p; /* from the compiler, which would rather we wrote first */
    volatile unsigned char *q = hidden;
    int is_pattern = q[0] == q[63] && q[0] != 0;
    free(p);
    put(is_pattern ? "pattern\n" : "other\n");
    return 0;
}

/* What goes through a pipe comes out once. */
static int piped(void)
{
    int ends[2];
    char got[5] = "";

    if (pipe2(ends, O_CLOEXEC))
        return 1;
    if (write(ends[1], "text", 4) != 4 || read(ends[0], got, 4) != 4)
        return 1;
    close(ends[0]);
    close(ends[1]);
    return unchecked();
}

static int aborts(void)
{
    char *p = malloc(16);

    if (!p)
        abort();
    free(p);
    return 0;
}

static const struct {
    const char *word;
    int (*run)(void);
} ways[] = {
    {"unchecked", unchecked}, {"checked", checked},     {"printed", printed}, {"parts", parts},
    {"file", file},           {"varies", varies},       {"fails", fails},     {"retries", retries},
    {"masked", masked},       {"entangled", entangled}, {"fresh", fresh},     {"aborts", aborts},
    {"locked", locked},       {"piped", piped},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(*ways); i++)
        if (!strcmp(ways[i].word, argv[1]))
            return ways[i].run();
    return 64;
}

/* Bytes that never come into the program's memory are held like others. */
#include <sys/sendfile.h>

#include "stream.h"

#define DELAY (100 * MS)

static int ends[2];

/* What came through the pipe is what was sent. */
static bool piped(const char *wanted, size_t len)
{
    char buf[100];

    return read(ends[0], buf, sizeof(buf)) == (ssize_t)len && !memcmp(buf, wanted, len);
}

static void put(int fd, const char *bytes)
{
    if (send(fd, bytes, strlen(bytes), 0) != (ssize_t)strlen(bytes))
        give_up("send");
}

static void under_latency(void)
{
    struct pair p = connection(listening);
    int rule = arm_latency(DELAY);
    struct reader r = reader_of(POLL, p.client);

    ready(&r, 0);
    uint64_t start_ns = now_ns();
    put(p.server, "hello");
    ssize_t early = splice(p.client, NULL, ends[1], NULL, 100, SPLICE_F_NONBLOCK);
    int error = errno;
    bool looked_late = since(start_ns) >= DELAY;
    fact("splice: what is held is not there yet", looked_late || (early == -1 && error == EAGAIN));
    non_blocking(p.client, false);
    ssize_t got = splice(p.client, NULL, ends[1], NULL, 100, 0);
    uint64_t took_ns = since(start_ns);
    fact("splice: a blocking one waits for it",
         got == 5 && took_ns >= DELAY && took_ns < LONG && piped("hello", 5) && hits(rule) == 1);
    put(p.server, "again");
    shutdown(p.server, SHUT_WR);
    got = splice(p.client, NULL, ends[1], NULL, 2, 0);
    bool first = got == 2 && piped("ag", 2);
    got = splice(p.client, NULL, ends[1], NULL, 100, 0);
    fact("splice: in parts, in order", first && got == 3 && piped("ain", 3));
    fact("splice: and then the end", splice(p.client, NULL, ends[1], NULL, 100, 0) == 0);
    lift(rule);
    hang_up(p);
}

static void under_slice(void)
{
    struct pair p = connection(listening);
    struct rule cut = stream_rule(FAULT_slice);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    off_t at = 0;

    cut.bytes = 2;
    int rule = arm(cut);
    put(p.server, "hello");
    ssize_t got = splice(p.client, NULL, ends[1], NULL, 100, 0);
    fact("splice: is cut short", got == 2 && piped("he", 2));
    fact("sendfile: is cut short", sendfile(p.client, file, &at, 100) == 2 && at == 2);
    if (write(ends[1], "hello", 5) != 5)
        give_up("write");
    fact("splice into a connection: is cut short", splice(ends[0], NULL, p.client, NULL, 5, 0) == 2);
    lift(rule);
    fact("splice into a connection: the rest goes when it is lifted",
         splice(ends[0], NULL, p.client, NULL, 5, 0) == 3);
    close(file);
    hang_up(p);
}

static void under_reset(void)
{
    struct pair p = connection(listening), q = connection(listening);
    struct rule broken = stream_rule(FAULT_reset);

    broken.probability = RULE_ALWAYS;
    if (write(ends[1], "hello", 5) != 5)
        give_up("write");
    int rule = arm(broken);
    fact("splice: a reset connection says so",
         splice(p.client, NULL, ends[1], NULL, 5, 0) == -1 && errno == ECONNRESET);
    fact("splice into a connection: and there",
         splice(ends[0], NULL, q.client, NULL, 5, 0) == -1 && errno == ECONNRESET && hits(rule) == 2);
    lift(rule);
    hang_up(p);
    hang_up(q);
}

int main(int argc, char **argv)
{
    (void)argc;
    stream_begin(argv, 10);
    if (pipe2(ends, O_CLOEXEC))
        give_up("pipe");
    under_latency();
    under_slice();
    under_reset();
    return 0;
}

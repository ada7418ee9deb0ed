/* A control area that must not be believed: wrong mode, owner, size, magic, a link, an open directory, and
 * garbage in a valid frame.  A program that makes every kind of call runs under it, ends normally, and in
 * bounded time; where the area must be refused, it also must not be touched by its rules, and not written. */
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "../calls/host.h"

#define SEEDS 200

/* --- the victim: all kinds of calls, and the answers do not matter --- */

static void sockets(int listening)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), got = -1, two[2];
    struct iovec part = {.iov_base = (char[4]){0}, .iov_len = 4};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    struct mmsghdr mm = {.msg_hdr = m};

    if (!dial(fd, port_of(listening)))
        got = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    sendto(fd, "x", 1, MSG_DONTWAIT, NULL, 0);
    sendmsg(fd, &m, MSG_DONTWAIT);
    sendmmsg(fd, &mm, 1, MSG_DONTWAIT);
    recv(got, part.iov_base, 4, 0);
    recvfrom(got, part.iov_base, 4, 0, NULL, NULL);
    recvmsg(got, &m, MSG_DONTWAIT);
    recvmmsg(got, &mm, 1, MSG_DONTWAIT, NULL);
    readv(got, &part, 1);
    writev(fd, &part, 1);
    sendfile(fd, listening, NULL, 1);
    shutdown(fd, SHUT_RDWR);
    close(got);
    close(fd);
    if (!socketpair(AF_UNIX, SOCK_STREAM, 0, two)) {
        if (write(two[0], "x", 1) == 1)
            got = (int)read(two[1], part.iov_base, 1);
        close(two[0]);
        close(two[1]);
    }
}

static void names(void)
{
    struct addrinfo *list = NULL;
    struct sockaddr_in who = local(80);
    char host[256];

    if (!getaddrinfo("localhost", NULL, NULL, &list))
        freeaddrinfo(list);
    getnameinfo((struct sockaddr *)&who, sizeof(who), host, sizeof(host), NULL, 0, 0);
    gethostbyname("localhost");
    gethostbyaddr(&who.sin_addr, sizeof(who.sin_addr), AF_INET);
}

static void memory(void)
{
    void *block = NULL;

    void *volatile opaque = malloc(100);
    free(opaque);
    opaque = calloc(10, 10);
    free(opaque);
    opaque = malloc(10);
    block = realloc(opaque, 100);
    free(block);
    if (!posix_memalign(&block, 64, 100))
        free(block);
    opaque = aligned_alloc(64, 128);
    free(opaque);
}

static void descriptors(void)
{
    int fd = dup(0), other = fcntl(0, F_DUPFD_CLOEXEC, 100);

    if (fd >= 0)
        dup2(0, fd);
    if (fd >= 0)
        dup3(0, fd, O_CLOEXEC);
    close(fd);
    close_range((unsigned)other, (unsigned)other, 0);
}

static int victim(void)
{
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in own = local(0);

    signal(SIGPIPE, SIG_IGN);
    if (listening >= 0 && !bind(listening, (struct sockaddr *)&own, sizeof(own)) && !listen(listening, 8))
        for (int i = 0; i < 3; i++)
            sockets(listening);
    names();
    memory();
    descriptors();
    pid_t pid = fork();
    if (!pid)
        _exit(0);
    return pid > 0 ? exit_code_of(pid) : 0;
}

/* The file shrinks under the map, which the next call looks at. */
static int cut_off(void)
{
    bool struck = socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EMFILE;

    if (truncate(getenv(HANDSHAKE_CONTROL), 0))
        return 8;
    return struck ? victim() : 9;
}

/* A file of its own, which is no business of the shim's. */
static int own_file(void)
{
    FILE *f = tmpfile();
    size_t page = (size_t)getpagesize();
    volatile char *map;

    if (!f || ftruncate(fileno(f), (off_t)page))
        return 8;
    map = mmap(NULL, page, PROT_READ, MAP_SHARED, fileno(f), 0);
    if (ftruncate(fileno(f), 0))
        return 8;
    return *map;
}

/* --- the tester --- */

static rlim_t descriptor_limit;
static char libraries[2 * PATH_MAX + 32], path[PATH_MAX + 16];

static const char *part = "victim";

static pid_t victim_start(void)
{
    pid_t pid = fork();

    if (!pid) {
        alarm(30); /* whoever hangs is killed by it, and has not ended normally */
        setenv("LD_PRELOAD", libraries, 1);
        setenv(HANDSHAKE_CONTROL, path, 1);
        if (descriptor_limit)
            setrlimit(RLIMIT_NOFILE, &(struct rlimit){descriptor_limit, descriptor_limit});
        execv("/proc/self/exe", (char *[]){"shim_area", (char *)part, NULL});
        _exit(127);
    }
    return pid;
}

static bool ends_normally(uint64_t limit_ns)
{
    uint64_t start = now_ns();
    pid_t pid = victim_start();
    int code = exit_code_of(pid);
    if (code || now_ns() - start > limit_ns)
        printf("# exit %d after %d ms\n", code, (int)((now_ns() - start) / MS));
    return !code && now_ns() - start <= limit_ns;
}

static void area_fresh(void)
{
    if (table)
        munmap(table, sizeof(*table));
    unlink(path);
    table = area_open(path, O_CREAT | O_EXCL);
    table_init(table);
    table->lease_ns = now_ns() + 60 * SECOND;
    arm((struct rule){
        .kind = FAULT_error, .effect = EFFECT_FAIL, .calls = call_bit(CALL_socket), .error = EMFILE});
}

static bool is_untouched(void)
{
    for (int i = 0; i < SLOT_MAX; i++)
        if (table->slots[i].pid)
            return false;
    return !table->rules[0].matches && !table->ring.head;
}

static void refused(const char *sentence)
{
    fact(sentence, ends_normally(20 * SECOND) && is_untouched());
    area_fresh();
}

static void a_good_one_is_taken(void)
{
    bool fine = ends_normally(20 * SECOND);

    fact("an area as it should be is taken in", fine && !is_untouched());
    area_fresh();
}

static void wrong_modes(void)
{
    chmod(path, 0644);
    refused("a file that others may read is refused");
    chmod(path, 0620);
    refused("a file that the group may write is refused");
    chmod(scratch, 0755);
    refused("a file in an open directory is refused");
    chmod(scratch, 0700);
}

static void wrong_owners(void)
{
    if (geteuid()) {
        printf("ok %d # SKIP only root can give a file away\n", ++facts);
        printf("ok %d # SKIP only root can give a directory away\n", ++facts);
        return;
    }
    if (chown(path, 65534, 65534))
        give_up("chown");
    refused("a file of somebody else is refused");
    if (chown(scratch, 65534, 65534))
        give_up("chown");
    refused("a directory of somebody else is refused");
    if (chown(scratch, 0, 0))
        give_up("chown");
}

static void wrong_sizes(void)
{
    if (truncate(path, sizeof(struct table) + 1))
        give_up("truncate");
    refused("a file that is too long is refused");
    munmap(table, sizeof(*table));
    unlink(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fd < 0 || ftruncate(fd, 100))
        give_up("ftruncate");
    close(fd);
    refused("a file that is too short is refused");
}

static void wrong_frames(void)
{
    table->magic++;
    refused("another magic is refused");
    table->layout++;
    refused("another layout is refused");
    table->rule_count = RULE_MAX + 1;
    refused("more rules than there can be are refused");
    table->target_count = TARGET_MAX + 1;
    refused("more targets than there can be are refused");
}

static void wrong_files(void)
{
    char elsewhere[sizeof(path) + 8];

    snprintf(elsewhere, sizeof(elsewhere), "%s.real", path);
    if (rename(path, elsewhere) || symlink(elsewhere, path))
        give_up("symlink");
    refused("a symbolic link is refused");
    unlink(elsewhere);
    unlink(path);
    if (mkfifo(path, 0600))
        give_up("mkfifo");
    refused("a pipe is refused, and nobody waits for its other end");
    unlink(path);
    refused("a missing file is none");
    char good[sizeof(path)];
    memcpy(good, path, sizeof(path));
    snprintf(path, sizeof(path), "control");
    fact("a relative path is refused", ends_normally(20 * SECOND));
    memset(path, 'x', sizeof(path) - 1);
    path[0] = '/';
    fact("a path that is too long is refused", ends_normally(20 * SECOND));
    memcpy(path, good, sizeof(path));
}

/* One is left: enough for the loader, which has one file open at a time, and not for a directory and a file
 * in it. */
static void too_few_descriptors(void)
{
    descriptor_limit = 4;
    /* Under ASan its leak check would want some too. */
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    refused("without descriptors to open it the program runs on");
    descriptor_limit = 0;
    unsetenv("ASAN_OPTIONS");
}

static void cut_off_later(void)
{
    int status;

    /* It would have a handler of its own. */
    setenv("ASAN_OPTIONS", "handle_sigbus=0", 1);
    part = "cut";
    fact("a file that is cut off later ends what is armed, and nobody", ends_normally(20 * SECOND));
    area_fresh();
    part = "own";
    waitpid(victim_start(), &status, 0);
    fact("any other SIGBUS does what it would", WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    unsetenv("ASAN_OPTIONS");
    area_fresh();
    part = "victim";
}

static void fill(uint64_t seed, void *from, size_t size)
{
    uint64_t *words = from;

    for (size_t i = 0; i < size / 8; i++)
        words[i] = rule_draw(seed, i);
}

/* Random everywhere but in the frame; the odd ones with a lease that holds and rules that are armed for all.
 */
static void garbage(uint64_t seed)
{
    fill(seed, (char *)table + offsetof(struct table, lease_ns),
         sizeof(*table) - offsetof(struct table, lease_ns));
    table->rule_count = (uint32_t)(rule_draw(seed, 1) % (RULE_MAX + 1));
    table->target_count = (uint32_t)(rule_draw(seed, 2) % (TARGET_MAX + 1));
    if (seed % 2 == 0)
        return;
    table->lease_ns = now_ns() + 200 * MS;
    for (uint32_t i = 0; i < table->rule_count; i++) {
        struct rule *r = &table->rules[i];
        r->state = RULE_ARMED;
        r->effect %= EFFECT_COUNT + 2;
        r->targets &= seed % 4 == 1 ? 0 : r->targets;
        r->services = 0;
        r->from_ns = 0;
        r->until_ns = UINT64_MAX;
        r->every %= 3;
        r->after %= 3;
        r->last = UINT64_MAX;
    }
}

static void garbage_in_a_valid_frame(void)
{
    int bad = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        garbage(seed);
        if (ends_normally(5 * SECOND))
            continue;
        bad++;
        printf("# seed %d\n", (int)seed);
    }
    fact_equal("garbage in a valid frame: 200 seeds, none crashes or hangs the program", bad, 0);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "victim"))
        return victim();
    if (argc == 2)
        return !strcmp(argv[1], "cut") ? cut_off() : own_file();
    printf("1..21\n");
    preload(libraries, sizeof(libraries));
    area_make();
    snprintf(path, sizeof(path), "%s/control", scratch);
    area_fresh();
    a_good_one_is_taken();
    wrong_modes();
    wrong_owners();
    wrong_sizes();
    wrong_frames();
    wrong_files();
    too_few_descriptors();
    cut_off_later();
    garbage_in_a_valid_frame();
    return remove_scratch();
}

/* A program that starts others with an environment of its own making: they are in the run all the same, but
 * for those that could not bear the shim. */
#include <spawn.h>

#include "../calls/host.h"

#define CACHE (1u << 0)

static char self[PATH_MAX], port[10];
static char *argv[] = {"child", port, NULL};
static char *some[] = {"ONE=1", "PATH=/nowhere", NULL};

/* Each way is tried in a child, which ends by 0 when the program that it became was in the run. */
typedef int way(void);

static int by_execve(void)
{
    return execve(self, argv, some);
}

static int by_execv(void)
{
    clearenv();
    return execv(self, argv);
}

static int by_execvp(void)
{
    environ = some;
    return execvp(self, argv);
}

static int by_execvpe(void)
{
    return execvpe("scrubbed", argv, some);
}

static int by_execl(void)
{
    clearenv();
    return execl(self, "child", port, (char *)NULL);
}

static int by_execlp(void)
{
    clearenv();
    return execlp(self, "child", port, (char *)NULL);
}

static int by_execle(void)
{
    return execle(self, "child", port, (char *)NULL, some);
}

static int by_execveat(void)
{
    return execveat(AT_FDCWD, self, argv, some, 0);
}

static int by_fexecve(void)
{
    return fexecve(open(self, O_RDONLY | O_CLOEXEC), argv, some);
}

static int by_vfork(void)
{
    pid_t pid = vfork();

    if (!pid) {
        execve(self, argv, some);
        _exit(127);
    }
    _exit(exit_code_of(pid));
}

static int by_spawn(void)
{
    pid_t pid;

    errno = FOREIGN;
    int error = posix_spawn(&pid, self, NULL, NULL, argv, some);
    _exit(error || errno != FOREIGN ? 127 : exit_code_of(pid));
}

static int by_spawnp(void)
{
    pid_t pid;

    _exit(posix_spawnp(&pid, "scrubbed", NULL, NULL, argv, some) ? 127 : exit_code_of(pid));
}

static int with_an_empty_list(void)
{
    return execve(self, argv, (char *[]){NULL});
}

static int with_a_preload_of_its_own(void)
{
    return execve(self, argv, (char *[]){"LD_PRELOAD=libm.so.6", NULL});
}

static int by_script(void)
{
    return execve("script", argv, some);
}

static int run_in_a_child(way *how)
{
    pid_t pid = fork();

    if (!pid) {
        how();
        _exit(126);
    }
    return exit_code_of(pid);
}

static void is_brought_back(const char *by, way *how)
{
    char sentence[100];

    snprintf(sentence, sizeof(sentence), "what %s is in the run", by);
    fact_equal(sentence, run_in_a_child(how), 0);
}

/* --- what is left alone --- */

static bool has(const char *name)
{
    return getenv(name) != NULL;
}

static int seen_by(const char *path)
{
    pid_t pid = fork();

    if (!pid) {
        execve(path, argv, some);
        _exit(126);
    }
    return exit_code_of(pid);
}

static void no_reader(void)
{
    int fd = open("static", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

    if (fd < 0 || write(fd, "\177ELF", 4) != 4)
        give_up("static");
    close(fd);
    fact_equal("a file that is no program fails as it would", seen_by("static"), 126);
    errno = 0;
    fact("with the kernel's errno", execve("missing", argv, some) == -1 && errno == ENOENT);
}

/* scrubbed.test made them, where there is a compiler for their kind. */
static void is_left_alone(const char *kind, const char *variable)
{
    const char *path = getenv(variable);
    char sentence[100];
    bool there = path && !access(path, X_OK);

    snprintf(sentence, sizeof(sentence), "a %s program gets what it was to get%s", kind,
             there ? "" : " # SKIP none can be built here");
    fact_equal(sentence, there ? seen_by(path) : 0, 0);
}

static int child(void)
{
    struct sockaddr_in there = local((uint16_t)atoi(argv[1]));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (!has(HANDSHAKE_CONTROL) || !has(HANDSHAKE_SERVICE) || (!has("ONE") && has("PATH")))
        return 2;
    return connect(fd, (struct sockaddr *)&there, sizeof(there)) == -1 && errno == ECONNREFUSED ? 0 : 1;
}

static void write_script(void)
{
    FILE *f = fopen("script", "we");

    if (!f || fprintf(f, "#! %s\n", self) < 0 || fchmod(fileno(f), 0755) || fclose(f))
        give_up("script");
}

int main(int count, char **given)
{
    if (count > 1) {
        snprintf(port, sizeof(port), "%s", given[count - 1]);
        /* A script is told its own name before. */
        return child();
    }
    host_begin(given, 22);
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || chdir(scratch))
        give_up(scratch);
    char *folder = strdup(self);
    setenv("PATH", dirname(folder), 1);
    write_script();
    int listening = listener();
    snprintf(port, sizeof(port), "%u", port_of(listening));
    target_port(0, port_of(listening));
    int rule = arm_fault(FAULT_refuse, CACHE);
    is_brought_back("execve starts with another environment", by_execve);
    is_brought_back("execv starts with none", by_execv);
    is_brought_back("execvp starts", by_execvp);
    is_brought_back("execvpe finds in PATH", by_execvpe);
    is_brought_back("execl starts", by_execl);
    is_brought_back("execlp starts", by_execlp);
    is_brought_back("execle starts", by_execle);
    is_brought_back("execveat starts", by_execveat);
    is_brought_back("fexecve starts", by_fexecve);
    is_brought_back("a vfork child starts", by_vfork);
    is_brought_back("posix_spawn starts", by_spawn);
    is_brought_back("posix_spawnp finds in PATH", by_spawnp);
    is_brought_back("gets an empty list", with_an_empty_list);
    is_brought_back("has libraries of its own to preload", with_a_preload_of_its_own);
    is_brought_back("a script's interpreter", by_script);
    fact_equal("each was struck", (long)hits(rule), 15);
    lift(rule);
    no_reader();
    is_left_alone("static", "STATIC_PROGRAM");
    is_left_alone("musl", "MUSL_PROGRAM");
    is_left_alone("gcc ASan", "ASAN_PROGRAM");
    is_left_alone("32-bit", "SMALL_PROGRAM");
    free(folder);
    return 0;
}

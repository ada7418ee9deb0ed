/* Rows of rows.c for what is only followed. */
#ifndef TESTS_ROWS_FOLLOW_H
#define TESTS_ROWS_FOLLOW_H

/* All six arguments arrive: a file is mapped at the offset that is the last of them. */
static struct outcome do_syscall(void *symbol, struct fixture *f)
{
    size_t page = (size_t)getpagesize();
    char there[8], *map = (char *)CALLS(long (*)(long, ...))(SYS_mmap, NULL, page, PROT_READ, MAP_PRIVATE,
                                                             f->file, (off_t)page);
    struct outcome o = {map == MAP_FAILED, errno};

    if (pread(f->file, there, sizeof(there), (off_t)page) != sizeof(there) || o.failed ||
        memcmp(map, there, sizeof(there)))
        o.failed = true;
    munmap(map, page);
    return o;
}

static struct outcome do_fork(void *symbol, struct fixture *f)
{
    pid_t pid = CALLS(pid_t(*)(void))();
    struct outcome o = by_errno(pid);

    (void)f;
    if (!pid)
        _exit(errno == FOREIGN ? 0 : 1);
    o.failed = o.failed || exit_code_of(pid);
    return o;
}

static struct outcome do_prctl(void *symbol, struct fixture *f)
{
    char name[17] = "";

    (void)f;
    return by_errno(CALLS(int (*)(int, ...))(PR_GET_NAME, name) || !*name ? -1 : 0);
}

static struct outcome do_dlopen(void *symbol, struct fixture *f)
{
    void *library = CALLS(void *(*)(const char *, int))("libc.so.6", RTLD_LAZY);
    struct outcome o = {!library, errno};

    (void)f;
    if (library)
        dlclose(library);
    return o;
}

/* --- a child becomes true(1) by each --- */

#define TRUE_PATH "/bin/true"

static char *true_argv[] = {"true", NULL};

/* Of a child: 0 when it became true. */
static struct outcome became(pid_t pid)
{
    int code = exit_code_of(pid);

    return (struct outcome){code != 0, code == ENOSYS ? ENOSYS : FOREIGN};
}

#define IN_A_CHILD(call)                                                                                     \
    (void)f;                                                                                                 \
    pid_t pid = fork();                                                                                      \
    if (!pid) {                                                                                              \
        call;                                                                                                \
        _exit(errno == ENOSYS ? ENOSYS : 126);                                                               \
    }                                                                                                        \
    return became(pid)

/* execve and execvpe. */
static struct outcome do_execve(void *symbol, struct fixture *f)
{
    IN_A_CHILD(CALLS(int (*)(const char *, char **, char **))(TRUE_PATH, true_argv, environ));
}

/* execv and execvp. */
static struct outcome do_execv(void *symbol, struct fixture *f)
{
    IN_A_CHILD(CALLS(int (*)(const char *, char **))(TRUE_PATH, true_argv));
}

/* execl, execlp and execle: the first two do not look behind the end of the arguments. */
static struct outcome do_execl(void *symbol, struct fixture *f)
{
    IN_A_CHILD(
        CALLS(int (*)(const char *, const char *, ...))(TRUE_PATH, "true", "one", (char *)NULL, environ));
}

static struct outcome do_execveat(void *symbol, struct fixture *f)
{
    IN_A_CHILD(
        CALLS(int (*)(int, const char *, char **, char **, int))(AT_FDCWD, TRUE_PATH, true_argv, environ, 0));
}

static struct outcome do_fexecve(void *symbol, struct fixture *f)
{
    IN_A_CHILD(
        CALLS(int (*)(int, char **, char **))(open(TRUE_PATH, O_RDONLY | O_CLOEXEC), true_argv, environ));
}

/* posix_spawn and posix_spawnp. */
static struct outcome do_spawn(void *symbol, struct fixture *f)
{
    pid_t pid = -1;
    int error = CALLS(int (*)(pid_t *, const char *, void *, void *, char **, char **))(
        &pid, TRUE_PATH, NULL, NULL, true_argv, environ);

    (void)f;
    return error ? (struct outcome){true, error} : became(pid);
}

#endif

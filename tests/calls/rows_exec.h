/* Rows of rows.c for the calls that execute a program: a child becomes true(1) by each. */
#ifndef TESTS_ROWS_EXEC_H
#define TESTS_ROWS_EXEC_H

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

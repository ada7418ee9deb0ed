/* System calls, wherever in libc they are made.  Floor 1.
 *
 * stdio reads and writes by libc's own functions, past the PLT.  So a seccomp filter traps the system calls
 * of failing.def where they are made within the libc functions that the table names, and nowhere else: not
 * what the loader does, nor a program that replaces this one, nor what we call. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "injectors/explore/failing.h"
#include "preload/explore/explore.h"

#define RANGES        96
#define NUMBERS       512
#define BY_SECCOMP    1 /* si_code: SYS_SECCOMP, which libc does not name */
#define OFFSET(field) ((uint32_t)offsetof(struct seccomp_data, field))

static unsigned char call_of[NUMBERS]; /* 1 + enum failing */

/* --- what it is about --- */

static bool is_harmless_path(const char *path)
{
    return !strncmp(path, "/dev/", 5);
}

static void look_at_open(const greg_t *r, struct about *about)
{
    about->path = (const char *)r[REG_RSI];
    about->is_change = r[REG_RDX] & (O_ACCMODE | O_CREAT | O_TRUNC) && !is_harmless_path(about->path);
}

/* An anonymous mapping shares nothing; a shared one that is written to leads out of the process. */
static void look_at_map(const greg_t *r, struct about *about)
{
    about->fd = r[REG_R10] & MAP_ANONYMOUS ? -1 : (int)r[REG_R8];
    about->is_entangle = (r[REG_R10] & MAP_TYPE) != MAP_PRIVATE && r[REG_RDX] & PROT_WRITE;
}

static bool is_at(long number)
{
    return number == SYS_newfstatat || number == SYS_statx || number == SYS_unlinkat ||
           number == SYS_renameat || number == SYS_renameat2;
}

static void look_at_path(const greg_t *r, long number, struct about *about)
{
    const char *path = (const char *)r[is_at(number) ? REG_RSI : REG_RDI];

    if (number == SYS_fchmod || number == SYS_getcwd || (is_at(number) && !*path))
        about->fd = number == SYS_getcwd ? -1 : (int)r[REG_RDI];
    else
        about->path = path;
}

/* libc asks for its cache of names by a socket that is there on few machines. */
static bool leads_somewhere(const greg_t *r)
{
    const struct sockaddr_un *to = (const struct sockaddr_un *)r[REG_RSI];

    if (r[REG_RDX] <= (greg_t)sizeof(to->sun_family) || to->sun_family != AF_UNIX || !*to->sun_path)
        return true;
    return raw(SYS_access, (long)to->sun_path, F_OK, 0, 0, 0, 0) == 0;
}

static struct about look(const ucontext_t *context, enum failing call, long number)
{
    const greg_t *r = context->uc_mcontext.gregs;
    struct about about = {.context = context, .fd = -1};

    switch (failing_rows[call].family) {
    case FAMILY_OPEN: look_at_open(r, &about); break;
    case FAMILY_MAP: look_at_map(r, &about); break;
    case FAMILY_NAME: look_at_path(r, number, &about); break;
    case FAMILY_CHANGE:
        look_at_path(r, number, &about);
        about.is_change = true;
        break;
    case FAMILY_NETWORK:
        about.fd = (int)r[REG_RDI];
        about.is_change = call != FAILING_connect || leads_somewhere(r);
        break;
    case FAMILY_READ:
    case FAMILY_WRITE:
        about.fd = (int)r[REG_RDI];
        about.is_transfer = true;
        break;
    case FAMILY_CLOSE: about.fd = (int)r[REG_RDI]; break;
    case FAMILY_MEMORY:
    case FAMILY_ENDS:
    case FAMILY_START: break;
    }
    return about;
}

/* --- the handler --- */

/* As the kernel does before it says EPIPE. */
static void raise_pipe(void)
{
    raw(SYS_tgkill, raw(SYS_getpid, 0, 0, 0, 0, 0, 0), raw(SYS_gettid, 0, 0, 0, 0, 0, 0), SIGPIPE, 0, 0, 0);
}

static long act(const ucontext_t *context, long number)
{
    const greg_t *r = context->uc_mcontext.gregs;
    enum failing call = call_of[number] - 1;
    struct about about = look(context, call, number);
    int error = place_decide(call, &about);

    if (error == EPIPE)
        raise_pipe();
    /* What is closed is closed, whatever close says. */
    if (!error || call == FAILING_close) {
        long result = raw(number, r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8], r[REG_R9]);
        return error ? -error : result;
    }
    return -error;
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
    ucontext_t *c = context;
    int kept = errno;

    (void)signal;
    if (info->si_code == BY_SECCOMP && (unsigned)info->si_syscall < NUMBERS && call_of[info->si_syscall])
        c->uc_mcontext.gregs[REG_RAX] = act(c, info->si_syscall);
    errno = kept;
}

/* --- the filter --- */

struct range {
    uint64_t from, to;
};

static size_t add_range(struct range *ranges, size_t count, const char *function)
{
    Dl_info where;
    ElfW(Sym) *symbol = NULL;
    void *at = dlsym(RTLD_NEXT, function); /* not a program's own table of jumps */

    if (!at || count == RANGES || !dladdr1(at, &where, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
        return count;
    ranges[count] = (struct range){(uint64_t)at, (uint64_t)at + symbol->st_size};
    return count + 1;
}

static size_t add_functions(struct range *ranges, size_t count, const char *functions)
{
    char name[32];

    for (const char *p = functions; *p;) {
        size_t len = strcspn(p, " ");
        memcpy(name, p, len);
        name[len] = 0;
        count = add_range(ranges, count, name);
        p += len + strspn(p + len, " ");
    }
    return count;
}

static void emit(struct sock_filter *filter, size_t *count, uint16_t code, uint32_t k, uint8_t yes,
                 uint8_t no)
{
    filter[(*count)++] = (struct sock_filter){code, yes, no, k};
}

/* Allow what is not of the table.  A number is not compared with what follows: 64 rows are few. */
static void emit_numbers(struct sock_filter *filter, size_t *count)
{
    size_t rows = 0, seen = 0;

    for (size_t i = 0; i < FAILING_COUNT; i++)
        rows += failing_rows[i].number >= 0;
    emit(filter, count, BPF_LD | BPF_W | BPF_ABS, OFFSET(nr), 0, 0);
    for (size_t i = 0; i < FAILING_COUNT; i++)
        if (failing_rows[i].number >= 0)
            emit(filter, count, BPF_JMP | BPF_JEQ | BPF_K, failing_rows[i].number, rows - seen++, 0);
    emit(filter, count, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static void emit_ranges(struct sock_filter *filter, size_t *count, const struct range *ranges,
                        size_t ranges_count)
{
    emit(filter, count, BPF_LD | BPF_W | BPF_ABS, OFFSET(instruction_pointer) + 4, 0, 0);
    emit(filter, count, BPF_JMP | BPF_JEQ | BPF_K, ranges[0].from >> 32, 1, 0);
    emit(filter, count, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    emit(filter, count, BPF_LD | BPF_W | BPF_ABS, OFFSET(instruction_pointer), 0, 0);
    for (size_t i = 0; i < ranges_count; i++) {
        emit(filter, count, BPF_JMP | BPF_JGE | BPF_K, (uint32_t)ranges[i].from, 0, 2);
        emit(filter, count, BPF_JMP | BPF_JGT | BPF_K, (uint32_t)ranges[i].to, 1, 0);
        emit(filter, count, BPF_RET | BPF_K, SECCOMP_RET_TRAP, 0, 0);
    }
    emit(filter, count, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* All of libc lies below one 4 GB boundary, or the filter could not tell. */
static bool is_near(const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].from >> 32 != ranges[0].from >> 32 || ranges[i].to >> 32 != ranges[0].from >> 32)
            return false;
    return count;
}

static bool install(const struct range *ranges, size_t ranges_count)
{
    static struct sock_filter filter[8 + FAILING_COUNT + 4 + 3 * RANGES];
    size_t count = 0;

    emit(filter, &count, BPF_LD | BPF_W | BPF_ABS, OFFSET(arch), 0, 0);
    emit(filter, &count, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    emit(filter, &count, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    emit_numbers(filter, &count);
    emit_ranges(filter, &count, ranges, ranges_count);
    struct sock_fprog program = {.len = count, .filter = filter};
    return !raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0) &&
           !raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&program, 0, 0, 0);
}

bool trap_install(void)
{
    struct range ranges[RANGES];
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
    size_t count = 0;

    for (size_t i = 0; i < FAILING_COUNT; i++) {
        if (failing_rows[i].number >= 0)
            call_of[failing_rows[i].number] = i + 1;
        count = add_functions(ranges, count, failing_rows[i].functions);
    }
    return is_near(ranges, count) && !real_sigaction(SIGSYS, &action, NULL) && install(ranges, count);
}

/* Can the shim be seen in there?  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/elf.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/script.h"

/* What helps whenever the shim cannot be inside. */
#define INSTEAD                                                                                              \
    "`inject: none` runs it without faults, and a fault in the services on its other side "                  \
    "(direction: inbound) can stand in"

/* Where its system calls do. */
#define SUPERVISED "; its connections are seen by seccomp, and nothing else of it (oom, dns, most calls)"

static const struct {
    const char *name, *reason;
} verdicts[ENTRY_COUNT] = {
    [ENTRY_PRELOAD] = {"preload", "dynamic, for this libc: it sees a preloaded library"},
    [ENTRY_STATIC] = {"static", "static: no dynamic loader, so a preloaded library is never seen" SUPERVISED},
    [ENTRY_GO] = {"go", "built by Go: it makes system calls itself, past libc and any preloaded library "
                        "(with cgo too)" SUPERVISED},
    [ENTRY_SETUID] = {"setuid",
                      "setuid or setgid to somebody else: the loader ignores LD_PRELOAD; run a copy "
                      "without that bit, or as its owner; or " INSTEAD},
    [ENTRY_CAPABILITIES] = {"capabilities",
                            "has file capabilities: the loader ignores LD_PRELOAD; run a copy without them "
                            "(cp does not keep them), or as root; or " INSTEAD},
    [ENTRY_MUSL] = {"musl", "linked with musl: a library made for glibc ends it at its start" SUPERVISED},
    [ENTRY_OTHER_CLASS] = {"other-class",
                           "its word size (32 or 64 bit) is not that of chaosctl's shim, which "
                           "its loader would refuse; use a build of the same size; or " INSTEAD},
    [ENTRY_OTHER_MACHINE] = {"other-machine", "built for another processor (%s); use a build for this one"},
    [ENTRY_SANITIZER] = {"sanitizer",
                         "linked with gcc's AddressSanitizer, which ends a program in which it is not the "
                         "first library" SUPERVISED},
    [ENTRY_NOT_EXECUTABLE] = {"not-executable", "not executable for this user: chmod +x, or run it by its "
                                                "interpreter (`run: [python3, FILE]`)"},
    [ENTRY_NOT_A_PROGRAM] = {"not-a-program", "not a program: %s"},
    [ENTRY_MISSING] = {"missing", "there is no %s"},
};

const char *entry_name(enum entry_verdict verdict)
{
    return verdicts[verdict].name;
}

/* The reasons that say more take one text. */
static void conclude(struct entry *entry, enum entry_verdict verdict, const char *detail)
{
    const char *reason = verdicts[verdict].reason, *hole = strstr(reason, "%s");

    entry->verdict = verdict;
    if (!hole)
        snprintf(entry->reason, sizeof(entry->reason), "%s", reason);
    else
        snprintf(entry->reason, sizeof(entry->reason), "%.*s%.400s%s", (int)(hole - reason), reason, detail,
                 hole + 2);
}

/* Will the kernel set AT_SECURE for it?  As security/commoncap.c decides: by the real ids; file capabilities
 * change nothing for root; a mount with nosuid takes both away. */
static bool gains_ids(const struct stat *st)
{
    return ((st->st_mode & S_ISUID) && st->st_uid != getuid()) ||
           ((st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP) && st->st_gid != getgid());
}

static bool gains_capabilities(int fd)
{
    return getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

static enum entry_verdict judge_privilege(int fd, const struct stat *st)
{
    struct statvfs fs;

    if (!fstatvfs(fd, &fs) && (fs.f_flag & ST_NOSUID))
        return ENTRY_PRELOAD;
    if (gains_ids(st))
        return ENTRY_SETUID;
    return gains_capabilities(fd) ? ENTRY_CAPABILITIES : ENTRY_PRELOAD;
}

/* What we are, the shim is: both come from one build. */
static int own_facts(struct elf_facts *ret_facts)
{
    cleanup_fd int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : elf_examine(fd, ret_facts);
}

static bool is_musl(const char *interpreter)
{
    const char *slash = strrchr(interpreter, '/');

    return !strncmp(slash ? slash + 1 : interpreter, "ld-musl", strlen("ld-musl"));
}

static enum entry_verdict judge_format(const struct elf_facts *facts, const struct elf_facts *own)
{
    if (facts->class != own->class)
        return ENTRY_OTHER_CLASS;
    if (facts->machine != own->machine)
        return ENTRY_OTHER_MACHINE;
    if (facts->go)
        return ENTRY_GO;
    if (!*facts->interpreter)
        return ENTRY_STATIC;
    if (is_musl(facts->interpreter))
        return ENTRY_MUSL;
    return facts->asan ? ENTRY_SANITIZER : ENTRY_PRELOAD;
}

static const char neither[] = "neither an ELF program, whole and undamaged, nor a script that begins with #! "
                              "(give a shell script the line #!/bin/sh)";

static int examine_elf(int fd, const struct stat *st, struct entry *entry)
{
    struct elf_facts facts, own;
    int status = own_facts(&own);

    if (status < 0)
        return status;
    status = elf_examine(fd, &facts);
    if (status == -ENOEXEC || (status == 0 && !facts.program)) {
        conclude(entry, ENTRY_NOT_A_PROGRAM, neither);
        return 0;
    }
    if (status < 0)
        return status;
    enum entry_verdict verdict = judge_format(&facts, &own);
    if (verdict != ENTRY_OTHER_CLASS && verdict != ENTRY_OTHER_MACHINE && *facts.interpreter &&
        access(facts.interpreter, F_OK)) {
        conclude(entry, ENTRY_MISSING, facts.interpreter);
        return 0;
    }
    enum entry_verdict privilege = judge_privilege(fd, st);
    conclude(entry, privilege != ENTRY_PRELOAD ? privilege : verdict, elf_machine_name(facts.machine));
    return 0;
}

/* Is it something that exec would take?  What it is not is concluded. */
static bool is_candidate(struct entry *entry, const struct stat *st)
{
    if (S_ISDIR(st->st_mode))
        conclude(entry, ENTRY_NOT_A_PROGRAM, "a folder");
    else if (!S_ISREG(st->st_mode))
        conclude(entry, ENTRY_NOT_A_PROGRAM, "not a regular file");
    else if (faccessat(AT_FDCWD, entry->program, X_OK, AT_EACCESS))
        conclude(entry, ENTRY_NOT_EXECUTABLE, NULL);
    else
        return true;
    return false;
}

/* *ret_again: it is a script, and entry->program is now its interpreter. */
static int examine_file(struct entry *entry, const struct stat *st, bool *ret_again)
{
    cleanup_fd int fd = open(entry->program, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    int status = script_interpreter(fd, entry->program);
    if (status == -ENOEXEC)
        return examine_elf(fd, st, entry);
    if (status == -ENOENT) {
        conclude(entry, ENTRY_MISSING, entry->program);
        return 0;
    }
    *ret_again = status == 0;
    return status;
}

static int examine_one(struct entry *entry, bool *ret_again)
{
    struct stat st;

    *ret_again = false;
    if (!stat(entry->program, &st))
        return is_candidate(entry, &st) ? examine_file(entry, &st, ret_again) : 0;
    if (errno != ENOENT && errno != ENOTDIR)
        return -errno;
    conclude(entry, ENTRY_MISSING, entry->program);
    return 0;
}

int entry_examine(const char *path, struct entry *ret_entry)
{
    struct entry entry = {0};
    bool again = true;
    int status = 0;

    if (strlen(path) >= sizeof(entry.program))
        return -ENAMETOOLONG;
    strcpy(entry.program, path);
    for (; again && status == 0 && entry.scripts <= ENTRY_SCRIPTS_MAX; entry.scripts += again)
        status = examine_one(&entry, &again);
    if (status < 0)
        return status;
    if (again)
        conclude(&entry, ENTRY_NOT_A_PROGRAM,
                 "its #! line leads to a script, that one's to another, and so on");
    *ret_entry = entry;
    return 0;
}

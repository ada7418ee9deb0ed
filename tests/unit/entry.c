/* Which programs the shim can be in: real programs, built here, and damaged ones.  What is said is compared
 * with what happens. */
#include <check.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/entry.h"
#include "chaosctl/run/script.h"

#define NOBODY 65534

static char scratch[] = "/tmp/chaosctl-entry-XXXXXX";
static char path_bytes[8][PATH_MAX];

/* A path in the scratch folder; eight live at a time. */
static const char *in(const char *name)
{
    static unsigned next;
    char *path = path_bytes[next++ % 8];

    snprintf(path, PATH_MAX, "%s/%s", scratch, name);
    return path;
}

/* For what prepares: works outside tests too. */
static void must(bool done)
{
    if (done)
        return;
    perror("entry: cannot prepare");
    exit(1);
}

/* Run a shell command in the scratch folder; true when it succeeded. */
__attribute__((format(printf, 1, 2))) static bool shell(const char *format, ...)
{
    cleanup_free char *command = NULL, *whole = NULL;
    va_list args;

    va_start(args, format);
    must(vasprintf(&command, format, args) >= 0);
    va_end(args);
    must(asprintf(&whole, "cd %s && { %s; } >>log 2>&1", scratch, command) >= 0);
    return system(whole) == 0;
}

static void write_file(const char *name, const void *data, size_t len, mode_t mode)
{
    cleanup_file FILE *file = fopen(in(name), "we");

    must(file && fwrite(data, 1, len, file) == len && !fchmod(fileno(file), mode));
}

static void write_script(const char *name, const char *text)
{
    write_file(name, text, strlen(text), 0755);
}

static size_t read_file(const char *name, void *ret_data, size_t size)
{
    cleanup_file FILE *file = fopen(in(name), "re");

    ck_assert_ptr_nonnull(file);
    return fread(ret_data, 1, size, file);
}

/* Not on the stack: it is large, and the reason is asked for after. */
static struct entry entry;

static enum entry_verdict verdict_of(const char *path)
{
    memset(&entry, 0xee, sizeof(entry));
    ck_assert_int_eq(entry_examine(path, &entry), 0);
    ck_assert_ptr_nonnull(memchr(entry.reason, '\0', sizeof(entry.reason)));
    ck_assert_uint_gt(strlen(entry.reason), 10);
    ck_assert_ptr_null(strchr(entry.reason, '\n'));
    ck_assert_ptr_null(strstr(entry.reason, "%s"));
    return entry.verdict;
}

#define assert_verdict(path, wanted) ck_assert_str_eq(entry_name(verdict_of(path)), entry_name(wanted))

/* What really happens: does a preloaded library's constructor run in it? */
static bool is_entered(const char *program, uid_t user)
{
    char preload[PATH_MAX + 16], mark[PATH_MAX + 16];
    int status;

    ck_assert_int_ge(snprintf(preload, sizeof(preload), "LD_PRELOAD=%s/seen.so", scratch), 0);
    ck_assert_int_ge(snprintf(mark, sizeof(mark), "SEEN=%s/open/seen", scratch), 0);
    unlink(mark + strlen("SEEN="));
    char *const env[] = {preload, mark, (char *)(uintptr_t) "PATH=/usr/bin:/bin", NULL};
    pid_t pid = fork();
    if (pid == 0) {
        if (user && (setgid(user) || setuid(user)))
            _exit(99);
        execve(program, (char *const[]){(char *)(uintptr_t)program, NULL}, env);
        _exit(98);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return access(mark + strlen("SEEN="), F_OK) == 0;
}

START_TEST(a_dynamic_program_is_entered)
{
    assert_verdict(in("dynamic"), ENTRY_PRELOAD);
    ck_assert(is_entered(in("dynamic"), 0));
    ck_assert_str_eq(entry.program, in("dynamic"));
    ck_assert_uint_eq(entry.scripts, 0);
}
END_TEST

START_TEST(a_static_program_is_not_entered)
{
    ck_assert(shell("gcc -static -o static main.c"));
    assert_verdict(in("static"), ENTRY_STATIC);
    ck_assert(!is_entered(in("static"), 0));
    ck_assert_ptr_nonnull(strstr(entry.reason, "seen by seccomp"));
    ck_assert(shell("gcc -static-pie -o static-pie main.c"));
    assert_verdict(in("static-pie"), ENTRY_STATIC);
    ck_assert(!is_entered(in("static-pie"), 0));
}
END_TEST

/* Without section headers, as packers leave it: what the loader reads is still there.  False: not 64-bit. */
static bool drop_sections(const char *from, const char *to)
{
    static char image[4 << 20];
    size_t len = read_file(from, image, sizeof(image));
    Elf64_Ehdr *header = (Elf64_Ehdr *)image;

    if (image[EI_CLASS] != ELFCLASS64)
        return false;
    header->e_shoff = header->e_shnum = header->e_shstrndx = 0;
    write_file(to, image, len, 0755);
    return true;
}

START_TEST(a_stripped_program_says_the_same)
{
    ck_assert(shell("strip -s -o stripped dynamic"));
    assert_verdict(in("stripped"), ENTRY_PRELOAD);
    if (!drop_sections("stripped", "sectionless"))
        return;
    assert_verdict(in("sectionless"), ENTRY_PRELOAD);
    ck_assert(is_entered(in("sectionless"), 0));
}
END_TEST

#define GO                                                                                                   \
    "PATH=$PATH:/usr/lib/go/bin:/usr/local/go/bin GO111MODULE=off GOFLAGS= GOCACHE=$PWD/go-cache "           \
    "GOPATH=$PWD/go-path GOTOOLCHAIN=local "

START_TEST(a_go_program_is_not_entered)
{
    write_script("plain.go", "package main\nfunc main() {}\n");
    ck_assert(shell(GO "CGO_ENABLED=0 go build -o go-plain plain.go"));
    assert_verdict(in("go-plain"), ENTRY_GO);
    ck_assert(!is_entered(in("go-plain"), 0));
    ck_assert(shell(GO "CGO_ENABLED=0 go build -ldflags=-buildid= -o go-noid plain.go"));
    assert_verdict(in("go-noid"), ENTRY_GO);
    ck_assert(shell("strip -s -o go-stripped go-plain"));
    assert_verdict(in("go-stripped"), ENTRY_GO);
    if (drop_sections("go-plain", "go-sectionless"))
        assert_verdict(in("go-sectionless"), ENTRY_GO);
}
END_TEST

/* It loads the library, and then makes its system calls without it: so "dynamic" would be a lie. */
START_TEST(a_cgo_program_is_a_go_program)
{
    write_script("c.go", "package main\nimport \"C\"\nfunc main() {}\n");
    ck_assert(shell(GO "CGO_ENABLED=1 go build -o go-c c.go"));
    assert_verdict(in("go-c"), ENTRY_GO);
    ck_assert(is_entered(in("go-c"), 0));
}
END_TEST

START_TEST(a_musl_program_is_not_entered)
{
    ck_assert(shell("musl-gcc -o musl main.c"));
    assert_verdict(in("musl"), ENTRY_MUSL);
    ck_assert_ptr_nonnull(strstr(entry.reason, "glibc"));
}
END_TEST

START_TEST(a_program_with_gcc_asan_is_told_apart)
{
    ck_assert(shell("gcc -fsanitize=address -o asan main.c"));
    assert_verdict(in("asan"), ENTRY_SANITIZER);
    ck_assert(!shell("LD_PRELOAD=./seen.so SEEN=open/seen ./asan")); /* that is why */
}
END_TEST

START_TEST(a_setuid_program_is_not_entered)
{
    ck_assert(shell("cp dynamic setuid && chown %d setuid && chmod 4755 setuid", NOBODY));
    assert_verdict(in("setuid"), ENTRY_SETUID);
    ck_assert(!is_entered(in("setuid"), 0));
    ck_assert(shell("cp dynamic setgid && chgrp %d setgid && chmod 2755 setgid", NOBODY));
    assert_verdict(in("setgid"), ENTRY_SETUID);
    ck_assert(!is_entered(in("setgid"), 0));
}
END_TEST

START_TEST(a_setuid_bit_to_ourselves_changes_nothing)
{
    ck_assert(shell("cp dynamic own && chmod 4755 own"));
    assert_verdict(in("own"), ENTRY_PRELOAD);
    ck_assert(is_entered(in("own"), 0));
}
END_TEST

static void give_capability(const char *name)
{
    /* vfs_cap_data revision 2, cap_net_bind_service+ep, little endian. */
    static const unsigned char value[20] = {1, 0, 0, 2, 0, 4};

    ck_assert(shell("cp dynamic %s", name));
    ck_assert_int_eq(setxattr(in(name), "security.capability", value, sizeof(value), 0), 0);
}

START_TEST(file_capabilities_matter_to_all_but_root)
{
    int status;

    give_capability("capable");
    assert_verdict(in("capable"), ENTRY_PRELOAD);
    ck_assert(is_entered(in("capable"), 0));
    ck_assert(!is_entered(in("capable"), NOBODY));
    ck_assert(is_entered(in("dynamic"), NOBODY));
    pid_t pid = fork();
    if (pid == 0)
        _exit(setgid(NOBODY) || setuid(NOBODY) || entry_examine(in("capable"), &entry) ? 99
                                                                                       : (int)entry.verdict);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), ENTRY_CAPABILITIES);
}
END_TEST

START_TEST(a_32_bit_program_is_told_apart)
{
    struct {
        Elf32_Ehdr header;
        Elf32_Phdr load;
    } image = {
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
                   .e_type = ET_EXEC,
                   .e_machine = EM_386,
                   .e_version = EV_CURRENT,
                   .e_phoff = sizeof(Elf32_Ehdr),
                   .e_ehsize = sizeof(Elf32_Ehdr),
                   .e_phentsize = sizeof(Elf32_Phdr),
                   .e_phnum = 1},
        .load = {.p_type = PT_LOAD, .p_filesz = sizeof(image), .p_memsz = sizeof(image)},
    };

    write_file("small", &image, sizeof(image), 0755);
    assert_verdict(in("small"), ENTRY_OTHER_CLASS);
}
END_TEST

static void damage(const char *name, size_t offset, const void *bytes, size_t count)
{
    ck_assert(shell("cp dynamic %s", name));
    cleanup_file FILE *file = fopen(in(name), "r+e");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, (long)offset, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
}

START_TEST(a_program_for_another_machine_is_told_apart_and_named)
{
    static char image[64];
    uint16_t other;

    read_file("dynamic", image, sizeof(image));
    memcpy(&other, image + offsetof(Elf64_Ehdr, e_machine), sizeof(other));
    other = other == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
    damage("other", offsetof(Elf64_Ehdr, e_machine), &other, sizeof(other));
    assert_verdict(in("other"), ENTRY_OTHER_MACHINE);
    ck_assert_ptr_nonnull(strstr(entry.reason, other == EM_AARCH64 ? "aarch64" : "x86-64"));
}
END_TEST

START_TEST(an_object_file_is_not_a_program)
{
    ck_assert(shell("gcc -c -o object main.c && chmod 755 object"));
    assert_verdict(in("object"), ENTRY_NOT_A_PROGRAM);
}
END_TEST

START_TEST(a_loader_that_is_not_there_is_named)
{
    ck_assert(shell("gcc -Wl,--dynamic-linker=/nowhere/ld.so -o lost main.c"));
    assert_verdict(in("lost"), ENTRY_MISSING);
    ck_assert_str_eq(entry.reason, "there is no /nowhere/ld.so");
}
END_TEST

START_TEST(a_script_is_its_interpreter)
{
    write_script("one", "#! /bin/sh -e\n");
    assert_verdict(in("one"), ENTRY_PRELOAD);
    ck_assert_str_eq(entry.program, "/bin/sh");
    ck_assert_uint_eq(entry.scripts, 1);
    write_script("env", "#!/usr/bin/env sh\n");
    assert_verdict(in("env"), ENTRY_PRELOAD);
    ck_assert_ptr_nonnull(strstr(entry.program, "/sh"));
}
END_TEST

START_TEST(a_chain_of_scripts_ends_at_a_program)
{
    cleanup_free char *static_line = NULL, *chain_line = NULL;

    ck_assert(shell("gcc -static -o final main.c"));
    ck_assert_int_ge(asprintf(&static_line, "#!%s\n", in("final")), 0);
    write_script("first", static_line);
    ck_assert_int_ge(asprintf(&chain_line, "#!%s x\n", in("first")), 0);
    write_script("second", chain_line);
    assert_verdict(in("second"), ENTRY_STATIC);
    ck_assert_uint_eq(entry.scripts, 2);
    ck_assert_str_eq(entry.program, in("final"));
}
END_TEST

/* As many as the kernel itself follows, and not one more. */
START_TEST(a_long_chain_of_scripts_is_followed_as_far_as_the_kernel_does)
{
    char name[16], line[PATH_MAX + 8];

    for (int i = 0; i < 7; i++) {
        snprintf(line, sizeof(line), "#!%s\n", i ? in(name) : in("dynamic"));
        snprintf(name, sizeof(name), "chain%d", i);
        write_script(name, line);
        bool starts = shell("perl -e 'exec {$ARGV[0]} @ARGV; exit 99' ./%s", name);
        ck_assert_int_eq(verdict_of(in(name)) == ENTRY_PRELOAD, starts);
    }
    ck_assert_uint_eq(entry.verdict, ENTRY_NOT_A_PROGRAM);
}
END_TEST

START_TEST(scripts_without_end_are_not_a_program)
{
    cleanup_free char *line = NULL;

    ck_assert_int_ge(asprintf(&line, "#!%s\n", in("loop")), 0);
    write_script("loop", line);
    assert_verdict(in("loop"), ENTRY_NOT_A_PROGRAM);
}
END_TEST

START_TEST(a_missing_interpreter_is_named)
{
    write_script("gone", "#!/nowhere/perl\n");
    assert_verdict(in("gone"), ENTRY_MISSING);
    ck_assert_ptr_nonnull(strstr(entry.reason, "/nowhere/perl"));
    write_script("gone-env", "#!/usr/bin/env no-such-interpreter\n");
    assert_verdict(in("gone-env"), ENTRY_MISSING);
    ck_assert_ptr_nonnull(strstr(entry.reason, "no-such-interpreter"));
}
END_TEST

static const struct {
    const char *line, *interpreter, *name;
} lines[] = {
    {"#!/bin/sh", "/bin/sh", NULL},
    {"#!\t /bin/sh -e\nrest", "/bin/sh", NULL},
    {"#!/usr/bin/env python3\n", "/usr/bin/env", "python3"},
    {"#!/usr/bin/env python3  \n", "/usr/bin/env", "python3"},
    {"#!/usr/bin/env -S python3 -u\n", "/usr/bin/env", "python3"},
    {"#!/usr/bin/env -S A=1 -i B=2 node --x\n", "/usr/bin/env", "node"},
    {"#!/usr/bin/env -vS perl -w\n", "/usr/bin/env", "perl"},
    {"#!/usr/bin/env -i\n", "/usr/bin/env", NULL},
    {"#!/usr/bin/env\n", "/usr/bin/env", NULL},
    {"#!/usr/bin/environment x\n", "/usr/bin/environment", NULL},
    {"#!\n", NULL, NULL},
    {"#!   ", NULL, NULL},
    {"#", NULL, NULL},
    {"", NULL, NULL},
    {"# !/bin/sh", NULL, NULL},
};

START_TEST(a_first_line_is_read_as_the_kernel_and_env_do)
{
    char line[256] = {0};
    const char *interpreter = NULL, *name = NULL;

    snprintf(line, sizeof(line), "%s", lines[_i].line);
    int status = script_parse(line, &interpreter, &name);
    ck_assert_int_eq(status, lines[_i].interpreter ? 0 : -ENOEXEC);
    if (status < 0)
        return;
    ck_assert_str_eq(interpreter, lines[_i].interpreter);
    ck_assert_pstr_eq(name, lines[_i].name);
}
END_TEST

START_TEST(what_is_not_there_or_not_a_file_is_said)
{
    assert_verdict(in("nothing"), ENTRY_MISSING);
    assert_verdict(in("dynamic/below"), ENTRY_MISSING);
    assert_verdict(scratch, ENTRY_NOT_A_PROGRAM);
    ck_assert(shell("mkfifo -m 755 fifo"));
    assert_verdict(in("fifo"), ENTRY_NOT_A_PROGRAM);
    ck_assert(shell("cp dynamic plain && chmod 644 plain"));
    assert_verdict(in("plain"), ENTRY_NOT_EXECUTABLE);
    write_file("empty", "", 0, 0755);
    assert_verdict(in("empty"), ENTRY_NOT_A_PROGRAM);
    ck_assert(shell("ln -s circle circle"));
    ck_assert_int_eq(entry_examine(in("circle"), &entry), -ELOOP);
}
END_TEST

/* All lengths near the start, where the headers are, and a sample of the others. */
START_TEST(a_truncated_program_is_never_believed_nor_fatal)
{
    static char image[1 << 20];
    size_t len = read_file("dynamic", image, sizeof(image));

    for (size_t cut = 0; cut < len; cut += cut < 1200 ? 1 : 97) {
        write_file("cut", image, cut, 0755);
        enum entry_verdict verdict = verdict_of(in("cut"));
        if (cut < sizeof(Elf64_Ehdr))
            ck_assert_int_eq(verdict, ENTRY_NOT_A_PROGRAM);
    }
}
END_TEST

/* xorshift: the same files each time. */
static uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

START_TEST(random_bytes_behind_an_elf_header_are_not_fatal)
{
    static char image[1 << 20], copy[sizeof(image)];
    size_t len = read_file("dynamic", image, sizeof(image));

    for (int round = 0; round < 3000; round++) {
        memcpy(copy, image, len);
        size_t span = round % 2 ? 1024 : len;
        for (uint64_t changes = 1 + next_random() % 24; changes > 0; changes--)
            copy[4 + next_random() % (span - 4)] = (char)next_random();
        write_file("random", copy, len, 0755);
        entry_examine(in("random"), &entry);
    }
}
END_TEST

START_TEST(our_own_process_is_known)
{
    static struct entry_process process;

    ck_assert_int_eq(entry_examine_pid(getpid(), &process), 0);
    ck_assert(process.same_user);
    ck_assert(!process.shim);
    ck_assert(!process.secure);
    ck_assert_int_eq(entry_examine_pid(0x3fffffff, &process), -ESRCH);
    ck_assert_int_eq(entry_examine_pid(2, &process) < 0, 1); /* a kernel thread, or nobody */
}
END_TEST

/* Start a program that waits for its standard input's end, with that library preloaded. */
static pid_t start_waiting(const char *program, const char *library, int *ret_end)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[0], 0);
        close(ends[0]);
        close(ends[1]);
        setenv("LD_PRELOAD", library, 1);
        execl(program, program, "wait", NULL);
        _exit(98);
    }
    close(ends[0]);
    *ret_end = ends[1];
    return pid;
}

/* Wait until it runs the program: its first page of text is that of the file. */
static void examine_running(pid_t pid, const char *program, struct entry_process *ret)
{
    for (int i = 0; i < 500; i++) {
        if (entry_examine_pid(pid, ret) == 0 && !strcmp(ret->entry.program, program) && (i > 20 || ret->shim))
            return;
        usleep(10000);
    }
    ck_abort_msg("never ran");
}

START_TEST(a_process_with_the_shim_is_known_even_when_its_file_was_replaced)
{
    static struct entry_process process;
    int end;

    ck_assert(shell("mkdir -p lib && cp seen.so lib/libchaosctl.so"));
    pid_t pid = start_waiting(in("dynamic"), in("lib/libchaosctl.so"), &end);
    examine_running(pid, in("dynamic"), &process);
    ck_assert(process.shim);
    ck_assert(process.same_user);
    ck_assert(shell("rm lib/libchaosctl.so"));
    ck_assert_int_eq(entry_examine_pid(pid, &process), 0);
    ck_assert(process.shim);
    close(end);
    waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(a_process_that_runs_setuid_is_known)
{
    static struct entry_process process;
    int end;

    ck_assert(shell("cp dynamic secure && chown %d secure && chmod 4755 secure", NOBODY));
    pid_t pid = start_waiting(in("secure"), in("seen.so"), &end);
    examine_running(pid, in("secure"), &process);
    ck_assert(process.secure);
    ck_assert(!process.same_user);
    ck_assert(!process.shim);
    ck_assert_int_eq(process.entry.verdict, ENTRY_SETUID);
    close(end);
    waitpid(pid, NULL, 0);
}
END_TEST

static const char main_c[] = "#include <unistd.h>\n"
                             "int main(int argc, char **argv) { char c; (void)argv;\n"
                             "  return argc > 1 ? (int)read(0, &c, 1) : 0; }\n";
static const char seen_c[] = "#include <fcntl.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
                             "__attribute__((constructor)) static void seen(void) {\n"
                             "  const char *path = getenv(\"SEEN\");\n"
                             "  if (path) close(open(path, O_CREAT | O_WRONLY, 0644)); }\n";

static bool has(const char *program)
{
    if (shell("PATH=$PATH:/usr/lib/go/bin:/usr/local/go/bin command -v %s", program))
        return true;
    printf("# not tested: %s is not installed\n", program);
    return false;
}

static bool can_setuid(void)
{
    struct statvfs fs;

    if (getuid() == 0 && !statvfs(scratch, &fs) && !(fs.f_flag & ST_NOSUID))
        return true;
    printf("# not tested: setuid and capabilities (not root, or a nosuid mount)\n");
    return false;
}

static void add_privileged(TCase *tc)
{
    if (!can_setuid())
        return;
    tcase_add_test(tc, a_setuid_program_is_not_entered);
    tcase_add_test(tc, file_capabilities_matter_to_all_but_root);
    tcase_add_test(tc, a_process_that_runs_setuid_is_known);
}

static void add_toolchains(TCase *tc)
{
    if (has("go")) {
        tcase_add_test(tc, a_go_program_is_not_entered);
        tcase_add_test(tc, a_cgo_program_is_a_go_program);
    }
    if (has("musl-gcc"))
        tcase_add_test(tc, a_musl_program_is_not_entered);
    tcase_add_test(tc, a_program_with_gcc_asan_is_told_apart);
}

static Suite *entry_suite(void)
{
    Suite *s = suite_create("entry");
    TCase *tc = tcase_create("entry");

    tcase_set_timeout(tc, 240);
    suite_add_tcase(s, tc);
    tcase_add_test(tc, a_dynamic_program_is_entered);
    tcase_add_test(tc, a_static_program_is_not_entered);
    tcase_add_test(tc, a_stripped_program_says_the_same);
    add_toolchains(tc);
    tcase_add_test(tc, a_setuid_bit_to_ourselves_changes_nothing);
    add_privileged(tc);
    tcase_add_test(tc, a_32_bit_program_is_told_apart);
    tcase_add_test(tc, a_program_for_another_machine_is_told_apart_and_named);
    tcase_add_test(tc, an_object_file_is_not_a_program);
    tcase_add_test(tc, a_loader_that_is_not_there_is_named);
    tcase_add_test(tc, a_script_is_its_interpreter);
    tcase_add_test(tc, a_chain_of_scripts_ends_at_a_program);
    tcase_add_test(tc, a_long_chain_of_scripts_is_followed_as_far_as_the_kernel_does);
    tcase_add_test(tc, scripts_without_end_are_not_a_program);
    tcase_add_test(tc, a_missing_interpreter_is_named);
    tcase_add_loop_test(tc, a_first_line_is_read_as_the_kernel_and_env_do, 0, sizeof(lines) / sizeof(*lines));
    tcase_add_test(tc, what_is_not_there_or_not_a_file_is_said);
    tcase_add_test(tc, a_truncated_program_is_never_believed_nor_fatal);
    tcase_add_test(tc, random_bytes_behind_an_elf_header_are_not_fatal);
    tcase_add_test(tc, our_own_process_is_known);
    tcase_add_test(tc, a_process_with_the_shim_is_known_even_when_its_file_was_replaced);
    return s;
}

static bool prepare(void)
{
    if (!mkdtemp(scratch) || chmod(scratch, 0755))
        return false;
    write_script("main.c", main_c);
    write_script("seen.c", seen_c);
    return shell("mkdir -m 1777 open; chmod 1777 open; gcc -o dynamic main.c && "
                 "gcc -shared -fPIC -o seen.so seen.c");
}

int main(void)
{
    if (!prepare())
        return 1;
    SRunner *runner = srunner_create(entry_suite());
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    shell("chmod -R u+w . && rm -rf ./*");
    rmdir(scratch);
    return failed != 0;
}

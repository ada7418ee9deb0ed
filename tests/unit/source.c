/* From an address to a line: against binutils' addr2line, on programs of the corpus. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/explore/source.h"
#include "check_main.h"

#define PLACES 8

static char folder[] = "/tmp/source.XXXXXX";

static const char *build(void)
{
    const char *build = getenv("BUILD");

    return build ? build : "build";
}

/* A shell command on the program `unchecked_malloc` ($1) and a copy of it ($2); its first number in hex. */
static unsigned long shell(const char *command)
{
    char line[2 * PATH_MAX], answer[256] = "";

    snprintf(line, sizeof(line), "set -- '%s/tests/corpus/unchecked_malloc' '%s/copy'; %s", build(), folder,
             command);
    FILE *pipe = popen(line, "r");
    ck_assert_ptr_nonnull(pipe);
    char *got = fgets(answer, sizeof(answer), pipe);
    ck_assert_int_eq(pclose(pipe), 0);
    return got ? strtoul(answer, NULL, 16) : 0;
}

static const char *copy(void)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/copy", folder);
    return path;
}

static size_t find(const char *path, uint64_t address, bool after_call, struct source_place *places,
                   struct source **ret_source)
{
    *ret_source = source_new();
    ck_assert_ptr_nonnull(*ret_source);
    return source_find(*ret_source,
                       &(struct source_code){.module = path, .address = address, .after_call = after_call},
                       places, PLACES);
}

static void render(const struct source_place *places, size_t count, char *ret_text, size_t size)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(ret_text + at, size - at, "%s:%d\n", places[i].function, places[i].line);
}

/* addr2line prints a line for the function and one for its place, FILE:LINE and what it adds to that.  The
 * file is not compared: binutils 2.40 takes one file for another in DWARF 5. */
static bool is_told_by_addr2line(FILE *pipe, const char *ours, char *ret_theirs, size_t size)
{
    char function[256], place[PATH_MAX];
    size_t at = 0;

    *ret_theirs = '\0';
    while (fgets(function, sizeof(function), pipe) && fgets(place, sizeof(place), pipe)) {
        char *number = strrchr(place, ':');
        function[strcspn(function, "\n")] = '\0';
        place[strcspn(place, " \n")] = '\0';
        at += (size_t)snprintf(ret_theirs + at, size - at, "%s%s\n", function,
                               number && number[1] != '?' ? number : ":0");
    }
    return !strcmp(ours, ret_theirs);
}

/* What both say of an address; ours is text that the caller may compare further. */
static void compare(const char *path, unsigned long address, bool after_call, char *ret_ours, size_t size)
{
    struct source_place places[PLACES];
    struct source *source;
    char command[2 * PATH_MAX], theirs[1024];

    *ret_ours = '\0';
    render(places, find(path, address, after_call, places, &source), ret_ours, size);
    source_free(source);
    snprintf(command, sizeof(command), "addr2line -fie '%s' %lx", path, address - after_call);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    bool same = is_told_by_addr2line(pipe, ret_ours, theirs, sizeof(theirs));
    pclose(pipe);
    ck_assert_msg(same, "at %lx:\n%s and not\n%s", address, ret_ours, theirs);
}

/* Each call of the program: those are what a stack is made of. */
START_TEST(every_call_and_its_return_address_have_the_functions_and_lines_that_addr2line_gives)
{
    static const char *const programs[] = {"unchecked_malloc", "double_free", "ignored_write"};
    char path[PATH_MAX], command[2 * PATH_MAX], line[256], called[1024], returned[1024], next[1024];
    int calls = 0, last_of_line = 0;
    unsigned long at, after;

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/tests/corpus/%s", build(), programs[i]);
        snprintf(
            command, sizeof(command),
            "objdump -d -j .text '%s' | awk '/^ /{sub(\":\",\"\",$1); if (was) print was, $1; was = \"\"} "
            "/ (call|bl) .*<[a-z]/{was = $1}'",
            path);
        FILE *pipe = popen(command, "r");
        while (fgets(line, sizeof(line), pipe) && sscanf(line, "%lx %lx", &at, &after) == 2) {
            compare(path, at, false, called, sizeof(called));
            compare(path, after, true, returned, sizeof(returned));
            compare(path, after, false, next, sizeof(next));
            ck_assert_str_eq(called, returned);
            last_of_line += strcmp(next, called) != 0;
            calls++;
        }
        pclose(pipe);
    }
    ck_assert_int_ge(calls, 6);
    ck_assert_int_ge(last_of_line, 1);
}
END_TEST

START_TEST(a_return_address_is_on_the_line_of_its_call_and_in_what_it_was_inlined_into)
{
    struct source_place places[PLACES];
    struct source *source;
    unsigned long next = shell("objdump -d -j .text \"$1\" | grep -A1 -E '(call|bl).*<malloc' | sed -n 2p");
    unsigned long line =
        shell("printf %x $(grep -n '= malloc' tests/corpus/unchecked_malloc.c | cut -d: -f1)");
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/tests/corpus/unchecked_malloc", build());
    ck_assert_uint_eq(find(path, next, true, places, &source), 2);
    ck_assert_str_eq(places[0].function, "push");
    ck_assert(places[0].inlined);
    ck_assert_int_eq(places[0].line, (int)line);
    ck_assert_str_eq(strrchr(places[0].file, '/'), "/unchecked_malloc.c");
    ck_assert_str_eq(places[1].function, "main");
    ck_assert(!places[1].inlined);
    ck_assert_int_gt(places[1].line, places[0].line);
    source_free(source);
}
END_TEST

/* Compiled in one folder as FOLDER/./sub/../in.c. */
START_TEST(a_path_is_where_the_file_was_when_it_was_compiled)
{
    struct source_place places[PLACES];
    struct source *source;
    char wanted[PATH_MAX];
    unsigned long at =
        shell("d=${2%/copy}; mkdir \"$d/sub\"; echo 'int main(void) { return 0; }' >\"$d/in.c\"; "
              "cd \"$d/sub\" && gcc -g -o ../copy ./../sub//../in.c && cd .. && rm -r in.c sub && nm copy | "
              "grep ' T main'");

    ck_assert_uint_eq(find(copy(), at, false, places, &source), 1);
    snprintf(wanted, sizeof(wanted), "%s/in.c", folder);
    ck_assert_str_eq(places[0].file, wanted);
    source_free(source);
}
END_TEST

START_TEST(debug_information_may_lie_in_a_file_of_its_own)
{
    struct source_place places[PLACES];
    struct source *source;
    unsigned long at = shell("objcopy --only-keep-debug \"$1\" \"$2.debug\" && objcopy --strip-all "
                             "--add-gnu-debuglink=\"$2.debug\" \"$1\" \"$2\" && nm \"$1\" | grep ' T main'");

    ck_assert_uint_ge(find(copy(), at, false, places, &source), 1);
    ck_assert_str_eq(places[0].function, "main");
    ck_assert_int_gt(places[0].line, 0);
    source_free(source);
}
END_TEST

START_TEST(without_lines_there_is_the_symbol_and_the_distance_from_it)
{
    struct source_place places[PLACES];
    struct source *source;
    unsigned long at =
        shell("rm -f \"$2.debug\"; strip --strip-debug -o \"$2\" \"$1\" && nm \"$1\" | grep ' T main'");

    ck_assert_uint_eq(find(copy(), at + 5, false, places, &source), 1);
    ck_assert_str_eq(places[0].function, "main");
    ck_assert_uint_eq(places[0].distance, 5);
    ck_assert_ptr_null(places[0].file);
    source_free(source);
}
END_TEST

START_TEST(without_symbols_there_is_where_the_function_begins)
{
    struct source_place places[PLACES];
    struct source *source;
    unsigned long at =
        shell("rm -f \"$2.debug\"; strip --strip-all -o \"$2\" \"$1\" && nm \"$1\" | grep ' T main'");

    ck_assert_uint_eq(find(copy(), at + 5, false, places, &source), 1);
    ck_assert_ptr_null(places[0].function);
    ck_assert_ptr_null(places[0].file);
    ck_assert_uint_eq(places[0].start, at);
    source_free(source);
}
END_TEST

START_TEST(a_file_that_is_not_there_or_no_program_has_no_lines)
{
    struct source_place places[PLACES];
    struct source *source;

    ck_assert_uint_eq(find("/nonexistent", 0x1000, false, places, &source), 0);
    source_free(source);
    ck_assert_uint_eq(find("/etc/passwd", 0x1000, false, places, &source), 0);
    source_free(source);
    ck_assert_uint_eq(find("/", 0, true, places, &source), 0);
    source_free(source);
}
END_TEST

START_TEST(a_file_that_was_built_again_since_is_not_believed)
{
    struct source_place places[PLACES];
    struct source *source = source_new();
    unsigned long at = shell("cp \"$1\" \"$2\" && nm \"$1\" | grep ' T main'");
    struct source_code code = {
        .module = copy(), .build_id = "00112233445566778899aabbccddeeff00112233", .address = at};

    ck_assert_uint_eq(source_find(source, &code, places, PLACES), 0);
    source_free(source);
}
END_TEST

START_TEST(the_build_id_of_the_file_that_ran_is)
{
    struct source_place places[PLACES];
    struct source *source = source_new();
    unsigned long at = shell("cp \"$1\" \"$2\" && nm \"$1\" | grep ' T main'");
    char id[128] = "", command[2 * PATH_MAX];

    snprintf(command, sizeof(command), "readelf -n '%s' | sed -n 's/.*Build ID: //p'", copy());
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(fgets(id, sizeof(id), pipe));
    pclose(pipe);
    id[strcspn(id, "\n")] = '\0';
    struct source_code code = {.module = copy(), .build_id = id, .address = at};
    ck_assert_uint_ge(source_find(source, &code, places, PLACES), 1);
    source_free(source);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source");
    TCase *tc = tcase_create("source");

    if (!mkdtemp(folder))
        return 1;
    suite_add_tcase(suite, tc);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, every_call_and_its_return_address_have_the_functions_and_lines_that_addr2line_gives);
    tcase_add_test(tc, a_return_address_is_on_the_line_of_its_call_and_in_what_it_was_inlined_into);
    tcase_add_test(tc, a_path_is_where_the_file_was_when_it_was_compiled);
    tcase_add_test(tc, debug_information_may_lie_in_a_file_of_its_own);
    tcase_add_test(tc, without_lines_there_is_the_symbol_and_the_distance_from_it);
    tcase_add_test(tc, without_symbols_there_is_where_the_function_begins);
    tcase_add_test(tc, a_file_that_is_not_there_or_no_program_has_no_lines);
    tcase_add_test(tc, a_file_that_was_built_again_since_is_not_believed);
    tcase_add_test(tc, the_build_id_of_the_file_that_ran_is);
    int status = check_main(suite);
    unlink(copy());
    return status || rmdir(folder);
}

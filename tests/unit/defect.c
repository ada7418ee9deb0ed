/* Findings into defects, and defects against a baseline and suppressions.  The stacks are made of functions
 * of this program, whose DWARF is read. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/explore/baseline.h"
#include "check_main.h"

/* Each is one place to fail at. */
#define FUNCTION(name)                                                                                       \
    static __attribute__((noinline)) int name(int x)                                                         \
    {                                                                                                        \
        __asm__ volatile("");                                                                                \
        return x + __LINE__;                                                                                 \
    }
FUNCTION(allocate)
FUNCTION(push)
FUNCTION(pop)
FUNCTION(parse)
FUNCTION(load)
FUNCTION(serve)

extern const char __executable_start[];

static char path[PATH_MAX];
static struct module self = {path, ""}, libc = {"/lib/libc.so.6", ""};
static struct point points[8];
static struct finding findings[8];
static struct explore_result result;
static struct defects *defects;

typedef int step(int);

static void stack_make(struct stack *stack, step *const *functions, bool in_libc)
{
    *stack = (struct stack){0};
    if (in_libc)
        stack->frames[stack->depth++] = (struct frame){&libc, 0x1234, true};
    for (; *functions; functions++)
        stack->frames[stack->depth++] =
            (struct frame){&self, (uint64_t)((const char *)(uintptr_t)*functions - __executable_start), true};
}

#define STACK(...) ((step *const[]){__VA_ARGS__, NULL})

static struct finding *find(enum ending outcome, const char *call, step *const *injected, step *const *crash)
{
    size_t n = result.findings_count++;

    points[n] = (struct point){.call = call, .error = "ENOMEM", .occurrence = n + 1};
    stack_make(&points[n].stack, injected, false);
    findings[n] = (struct finding){.point = &points[n], .outcome = outcome, .is_confirmed = true};
    if (crash)
        stack_make(&findings[n].crash, crash, true);
    return &findings[n];
}

static void make(void)
{
    result.findings = findings;
    ck_assert_int_eq(defects_make(&result, &defects), 0);
}

static void forget(void)
{
    defects_free(defects);
    defects = NULL;
    result = (struct explore_result){0};
}

/* --- causes --- */

START_TEST(points_of_one_call_are_one_defect)
{
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    find(ENDING_SEGV, "malloc", STACK(push, load), STACK(push, load));
    make();
    ck_assert_uint_eq(defects->count, 1);
    ck_assert_uint_eq(defects->items[0].points, 2);
    ck_assert_str_eq(defects->items[0].at->function, "push");
    ck_assert_uint_eq(defects->items[0].identities_count, 2);
    ck_assert_uint_eq(defects->counts[DEFECT_NEW], 1);
}
END_TEST

/* gcc unrolls a loop, and another use of the pointer comes first in each copy. */
START_TEST(another_line_of_the_crash_is_no_other_defect)
{
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse))->crash.frames[1].address += 1;
    find(ENDING_SEGV, "malloc", STACK(allocate, load), STACK(push, load));
    find(ENDING_SEGV, "malloc", STACK(allocate, load), STACK(push, load))->crash.frames[1].address += 1;
    make();
    ck_assert_uint_eq(defects->count, 2);
}
END_TEST

START_TEST(a_crash_elsewhere_goes_by_its_function_and_the_caller)
{
    find(ENDING_SEGV, "malloc", STACK(allocate, parse), STACK(push, parse));
    find(ENDING_SEGV, "malloc", STACK(allocate, serve), STACK(push, parse));
    find(ENDING_SEGV, "malloc", STACK(allocate, load), STACK(push, load));
    find(ENDING_SEGV, "malloc", STACK(allocate, load), STACK(pop, load));
    make();
    ck_assert_uint_eq(defects->count, 3);
    ck_assert_uint_eq(defects->items[0].points, 2);
}
END_TEST

/* Each call fails from some other place on: where it crashes in the end is the defect. */
START_TEST(a_failure_that_lasts_goes_by_the_crash)
{
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    find(ENDING_SEGV, "malloc", STACK(push, load), STACK(push, load));
    find(ENDING_SEGV, "malloc", STACK(allocate, serve), STACK(push, load));
    make();
    ck_assert_uint_eq(defects->count, 1);
}
END_TEST

START_TEST(other_outcomes_and_other_places_are_other_defects)
{
    find(ENDING_OUTPUT, "write", STACK(pop, parse), NULL);
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    find(ENDING_HANG, "malloc", STACK(push, parse), NULL);
    find(ENDING_OUTPUT, "write", STACK(push, parse), NULL);
    make();
    ck_assert_uint_eq(defects->count, 4);
    ck_assert_int_eq(defects->items[0].finding->outcome, ENDING_SEGV);
    ck_assert_int_eq(defects->items[1].finding->outcome, ENDING_HANG);
    ck_assert_str_eq(defects->items[2].at->function, "pop");
}
END_TEST

START_TEST(without_a_crash_the_call_that_failed_is_the_place)
{
    find(ENDING_OUTPUT, "write", STACK(push, parse), NULL);
    find(ENDING_OUTPUT, "writev", STACK(push, load), NULL);
    make();
    ck_assert_uint_eq(defects->count, 1);
    ck_assert_str_eq(defects->items[0].at->function, "push");
    ck_assert_int_gt(defects->items[0].at->line, 0);
}
END_TEST

START_TEST(a_file_below_the_folder_is_named_from_there)
{
    char folder[PATH_MAX];

    result.folder = getcwd(folder, sizeof(folder));
    find(ENDING_OUTPUT, "write", STACK(push, parse), NULL);
    make();
    ck_assert_str_eq(defects->items[0].at->file, "tests/unit/defect.c");
}
END_TEST

START_TEST(a_crash_in_libc_is_laid_at_the_door_of_who_called_it)
{
    find(ENDING_HEAP, "malloc", STACK(push, parse), STACK(pop, parse));
    make();
    ck_assert_str_eq(defects->items[0].at->function, "pop");
    ck_assert_uint_eq(defects->items[0].crash.first, 1);
}
END_TEST

START_TEST(a_crash_that_left_no_stack_of_the_program_is_laid_at_the_call)
{
    struct finding *wild = find(ENDING_SEGV, "malloc", STACK(push, parse), NULL);

    wild->crash = (struct stack){.depth = 1, .frames = {{NULL, 0xa5a5a5a5, true}}};
    make();
    ck_assert_str_eq(defects->items[0].at->function, "push");
}
END_TEST

START_TEST(what_was_not_confirmed_stands_apart)
{
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    find(ENDING_SEGV, "malloc", STACK(push, load), STACK(push, parse))->is_confirmed = false;
    make();
    ck_assert_uint_eq(defects->count, 2);
    ck_assert_uint_eq(defects->counts[DEFECT_NEW], 1);
    ck_assert_uint_eq(defects->counts[DEFECT_UNCONFIRMED], 1);
    ck_assert_int_eq(defects->items[1].state, DEFECT_UNCONFIRMED);
}
END_TEST

START_TEST(an_id_does_not_depend_on_the_order_of_exploring)
{
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    find(ENDING_SEGV, "malloc", STACK(push, load), STACK(push, load));
    make();
    uint64_t id = defects->items[0].id;
    forget();
    find(ENDING_SEGV, "malloc", STACK(push, load), STACK(push, load));
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    make();
    ck_assert_uint_eq(defects->items[0].id, id);
}
END_TEST

START_TEST(nothing_found_is_no_defect)
{
    make();
    ck_assert_uint_eq(defects->count, 0);
}
END_TEST

/* --- baselines --- */

static struct baseline baseline_of(const char *text)
{
    struct diag *diag = diag_new("b");
    struct baseline baseline = {0};

    ck_assert_int_eq(baseline_parse(text, strlen(text), diag, &baseline), 0);
    ck_assert_uint_eq(diag_count(diag), 0);
    diag_free(diag);
    return baseline;
}

static void compare_with_itself(const char *text)
{
    struct baseline baseline = baseline_of(text);

    baseline_compare(&baseline, defects);
    baseline_free(&baseline);
}

START_TEST(what_was_written_as_a_baseline_is_known_by_it)
{
    cleanup_buf struct buf text = {0};

    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    find(ENDING_SEGV, "malloc", STACK(push, load), STACK(push, load));
    find(ENDING_OUTPUT, "write", STACK(pop, parse), NULL);
    make();
    ck_assert_int_eq(baseline_render(defects, &text), 0);
    compare_with_itself(buf_text(&text));
    ck_assert_uint_eq(defects->counts[DEFECT_KNOWN], 2);
    ck_assert_uint_eq(defects->counts[DEFECT_NEW], 0);
    ck_assert_uint_eq(defects->absent, 0);
    ck_assert(defects->has_baseline);
}
END_TEST

START_TEST(an_entry_names_call_error_functions_module_and_outcome)
{
    cleanup_buf struct buf text = {0};
    char wanted[2 * PATH_MAX];
    const char *module = strrchr(path, '/') + 1;

    find(ENDING_SEGV, "malloc", STACK(allocate, push, parse, load, serve), STACK(push, parse));
    make();
    ck_assert_int_eq(baseline_render(defects, &text), 0);
    snprintf(wanted, sizeof(wanted),
             "{\"format\": 1, \"findings\": [\n  {\"outcome\": \"segv\", \"call\": \"malloc\", \"error\": "
             "\"ENOMEM\", "
             "\"functions\": [\"allocate\", \"push\", \"parse\", \"load\"], \"module\": \"%s\"}\n]}\n",
             module);
    ck_assert_str_eq(buf_text(&text), wanted);
}
END_TEST

START_TEST(nothing_found_makes_a_baseline_that_can_be_read)
{
    cleanup_buf struct buf text = {0};

    make();
    ck_assert_int_eq(baseline_render(defects, &text), 0);
    compare_with_itself(buf_text(&text));
}
END_TEST

START_TEST(a_new_way_to_a_known_defect_is_new)
{
    cleanup_buf struct buf text = {0};

    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    make();
    ck_assert_int_eq(baseline_render(defects, &text), 0);
    forget();
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    find(ENDING_SEGV, "malloc", STACK(push, load), STACK(push, load));
    make();
    compare_with_itself(buf_text(&text));
    ck_assert_uint_eq(defects->counts[DEFECT_NEW], 1);
}
END_TEST

START_TEST(another_outcome_at_a_known_point_is_new)
{
    cleanup_buf struct buf text = {0};

    find(ENDING_LEAK_MEMORY, "malloc", STACK(push, parse), NULL);
    make();
    ck_assert_int_eq(baseline_render(defects, &text), 0);
    forget();
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    make();
    compare_with_itself(buf_text(&text));
    ck_assert_uint_eq(defects->counts[DEFECT_NEW], 1);
    ck_assert_uint_eq(defects->absent, 1);
}
END_TEST

START_TEST(what_is_unconfirmed_or_suppressed_is_in_no_baseline)
{
    cleanup_buf struct buf text = {0};

    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse))->is_confirmed = false;
    find(ENDING_OUTPUT, "write", STACK(pop, parse), NULL);
    make();
    defects->items[0].state = DEFECT_SUPPRESSED;
    ck_assert_int_eq(baseline_render(defects, &text), 0);
    ck_assert_str_eq(buf_text(&text), "{\"format\": 1, \"findings\": []}\n");
}
END_TEST

static const struct {
    const char *text, *error;
} wrong[] = {
    {"", "b:1:0: is no JSON"},
    {"{\"format\": 1,\n \"findings\": [", "b:2:"},
    {"[]", "b: is no baseline of this chaosctl's"},
    {"{\"format\": 2, \"findings\": []}", "b: is no baseline of this chaosctl's"},
    {"{\"format\": 1, \"findings\": [{\"outcome\": \"segv\"}]}", "b: entry 1 of findings is no entry"},
    {"{\"format\": 1, \"findings\": [{\"outcome\": \"segv\", \"call\": \"a\", \"error\": \"b\", \"module\": "
     "\"c\", "
     "\"functions\": [\"1\", \"2\", \"3\", \"4\", \"5\"]}]}",
     "b: entry 1 of findings is no entry"},
    {"{\"format\": 1, \"findings\": [{\"outcome\": \"segv\", \"call\": \"a\", \"error\": \"b\", \"module\": "
     "\"c\", "
     "\"functions\": [1]}]}",
     "b: entry 1 of findings is no entry"},
};

START_TEST(a_wrong_baseline_is_refused_with_its_place)
{
    struct diag *diag = diag_new("b");
    struct baseline baseline = {0};
    cleanup_buf struct buf text = {0};

    ck_assert_int_eq(baseline_parse(wrong[_i].text, strlen(wrong[_i].text), diag, &baseline), -EINVAL);
    diag_render(diag, &text);
    ck_assert_msg(!strncmp(buf_text(&text), wrong[_i].error, strlen(wrong[_i].error)), "%s", buf_text(&text));
    ck_assert_ptr_null(baseline.arena);
    diag_free(diag);
}
END_TEST

/* --- suppressions --- */

static const char *suppressions_wrong(const char *text)
{
    static char errors[4096];
    struct diag *diag = diag_new("s.yml");
    cleanup_buf struct buf rendered = {0};
    struct suppressions suppressions = {0};
    uint64_t day = UINT64_C(1795478400) * NS_PER_S; /* 2026-11-24 */

    int r = suppressions_parse(text, strlen(text), day, diag, &suppressions);
    ck_assert_int_eq(r == 0, diag_count(diag) == 0);
    diag_render(diag, &rendered);
    snprintf(errors, sizeof(errors), "%s", buf_text(&rendered));
    suppressions_free(&suppressions);
    diag_free(diag);
    return errors;
}

#define SUPPRESS "version: 1\nsuppress:\n  - "

static const struct {
    const char *text, *error;
} mistakes[] = {
    {"", "s.yml:1:1: nothing is in this file"},
    {"version: 2\nsuppress: []\n", "s.yml:1:10: version: this chaosctl reads version 1"},
    {"suppress: []\n", "s.yml:1:1: version is missing in a file of suppressions"},
    {"version: 1\nsupress: []\n",
     "s.yml:2:1: unknown key \"supress\" in a file of suppressions (did you mean \"suppress\"?)"},
    {SUPPRESS "{function: f, until: 2026-12-31}\n", "s.yml:3:5: reason is missing in a suppression"},
    {SUPPRESS "{function: f, reason: \"\", until: 2026-12-31}\n", "s.yml:3:27: reason: one line of text"},
    {SUPPRESS "{function: f, reason: why}\n", "s.yml:3:5: until is missing in a suppression"},
    {SUPPRESS "{function: f, reason: why, until: 2026-11-23}\n",
     "s.yml:3:39: until: this expired on 2026-11-23 (why): fix it, or decide anew"},
    {SUPPRESS "{function: f, reason: why, until: 2026-02-30}\n",
     "s.yml:3:39: until: \"2026-02-30\" is no day"},
    {SUPPRESS "{function: f, reason: why, until: 2027-1-3}\n", "s.yml:3:39: until: \"2027-1-3\" is no day"},
    {SUPPRESS "{function: f, reason: why, until: never}\n", "s.yml:3:39: until: \"never\" is no day"},
    {SUPPRESS "{reason: why, until: 2026-12-31}\n", "s.yml:3:5: a suppression needs a function or a module"},
    {SUPPRESS "{funktion: f, reason: why, until: 2026-12-31}\n",
     "s.yml:3:6: unknown key \"funktion\" in a suppression (did you mean \"function\"?)"},
};

START_TEST(a_wrong_or_expired_suppression_is_an_error_at_its_place)
{
    const char *errors = suppressions_wrong(mistakes[_i].text);

    ck_assert_msg(strstr(errors, mistakes[_i].error), "%s", errors);
}
END_TEST

START_TEST(a_suppression_holds_on_its_last_day)
{
    ck_assert_str_eq(suppressions_wrong(SUPPRESS "{function: f, reason: why, until: 2026-11-24}\n"), "");
}
END_TEST

/* How many of two defects, in push under parse and in pop under load, does it suppress? */
static size_t suppressed_by(const char *function, const char *module)
{
    struct suppression s = {.function = function, .module = module, .reason = "why", .until = "2027-01-01"};
    struct suppressions suppressions = {.items = &s, .count = 1};
    bool used = false;

    forget();
    find(ENDING_SEGV, "malloc", STACK(push, parse), STACK(push, parse));
    find(ENDING_OUTPUT, "write", STACK(pop, load), NULL);
    make();
    defects_suppress(defects, &suppressions, &used);
    ck_assert_int_eq(used, defects->counts[DEFECT_SUPPRESSED] > 0);
    ck_assert_uint_eq(defects->counts[DEFECT_NEW] + defects->counts[DEFECT_SUPPRESSED], 2);
    return defects->counts[DEFECT_SUPPRESSED];
}

START_TEST(a_suppression_matches_functions_and_modules_by_glob)
{
    const char *module = strrchr(path, '/') + 1;

    ck_assert_uint_eq(suppressed_by("push", NULL), 1);
    ck_assert_uint_eq(suppressed_by("p*", NULL), 2);
    ck_assert_uint_eq(suppressed_by("lo?d", NULL), 1);
    ck_assert_uint_eq(suppressed_by("serve", NULL), 0);
    ck_assert_uint_eq(suppressed_by(NULL, module), 2);
    ck_assert_uint_eq(suppressed_by(NULL, "libc.so.*"), 0);
    ck_assert_uint_eq(suppressed_by("push", "libc.so.*"), 0);
    ck_assert_uint_eq(suppressed_by("push", module), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("defect");
    TCase *tc = tcase_create("defect");
    step *const kept[] = {allocate, push, pop, parse, load, serve};

    if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0 || !kept[0](1))
        return 1;
    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, NULL, forget);
    tcase_add_test(tc, points_of_one_call_are_one_defect);
    tcase_add_test(tc, another_line_of_the_crash_is_no_other_defect);
    tcase_add_test(tc, a_crash_elsewhere_goes_by_its_function_and_the_caller);
    tcase_add_test(tc, a_failure_that_lasts_goes_by_the_crash);
    tcase_add_test(tc, other_outcomes_and_other_places_are_other_defects);
    tcase_add_test(tc, without_a_crash_the_call_that_failed_is_the_place);
    tcase_add_test(tc, a_file_below_the_folder_is_named_from_there);
    tcase_add_test(tc, a_crash_in_libc_is_laid_at_the_door_of_who_called_it);
    tcase_add_test(tc, a_crash_that_left_no_stack_of_the_program_is_laid_at_the_call);
    tcase_add_test(tc, what_was_not_confirmed_stands_apart);
    tcase_add_test(tc, an_id_does_not_depend_on_the_order_of_exploring);
    tcase_add_test(tc, nothing_found_is_no_defect);
    tcase_add_test(tc, what_was_written_as_a_baseline_is_known_by_it);
    tcase_add_test(tc, an_entry_names_call_error_functions_module_and_outcome);
    tcase_add_test(tc, nothing_found_makes_a_baseline_that_can_be_read);
    tcase_add_test(tc, a_new_way_to_a_known_defect_is_new);
    tcase_add_test(tc, another_outcome_at_a_known_point_is_new);
    tcase_add_test(tc, what_is_unconfirmed_or_suppressed_is_in_no_baseline);
    tcase_add_loop_test(tc, a_wrong_baseline_is_refused_with_its_place, 0, sizeof(wrong) / sizeof(*wrong));
    tcase_add_loop_test(tc, a_wrong_or_expired_suppression_is_an_error_at_its_place, 0,
                        sizeof(mistakes) / sizeof(*mistakes));
    tcase_add_test(tc, a_suppression_holds_on_its_last_day);
    tcase_add_test(tc, a_suppression_matches_functions_and_modules_by_glob);
    return check_main(suite);
}

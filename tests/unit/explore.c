/* Exploring: what is found, by which engine, and what is left alone.  The programs are tests/explore/host.c.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/explore/engine.h"
#include "chaosctl/explore/internal.h"
#include "check_main.h"

static char host[PATH_MAX], folder[] = "/tmp/explore-test-XXXXXX", why[1024];
static struct explore *explored;

/* In a folder of its own, with a file `input`. */
static void setup(void)
{
    const char *build = getenv("BUILD");
    char path[PATH_MAX], shim[PATH_MAX];

    snprintf(path, sizeof(path), "%s/tests/explore/host", build ? build : "build");
    ck_assert(realpath(path, host));
    snprintf(path, sizeof(path), "%s/libchaosctl.so", build ? build : "build");
    ck_assert(realpath(path, shim));
    setenv("CHAOSCTL_SHIM", shim, 1);
    ck_assert(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    FILE *f = fopen("input", "w");
    ck_assert(f && fputs("one two three four five six\n", f) >= 0 && !fclose(f));
}

static void teardown(void)
{
    explore_free(explored);
    ck_assert_int_eq(chdir("/"), 0);
    scratch_remove(folder);
}

static int explore_with(struct explore_request request, char *word)
{
    static char *argv[3];
    struct buf text = {0};

    argv[0] = host;
    argv[1] = word;
    request.argv = argv;
    request.program = host;
    request.stdin_fd = -1;
    request.jobs = request.jobs ? request.jobs : 2;
    explore_free(explored);
    explored = NULL;
    int error = explore_run(&request, &explored, &text);
    snprintf(why, sizeof(why), "%s", buf_text(&text));
    buf_free(&text);
    return error;
}

static const struct explore_result *explore_word(char *word)
{
    int error = explore_with((struct explore_request){0}, word);

    ck_assert_msg(!error, "%s: %s", word, why);
    return explore_result(explored);
}

/* "malloc ENOMEM segv; ...", of all findings, those of one cause once. */
static const char *findings_of(const struct explore_result *r)
{
    static char text[4096];
    size_t len = 0;

    *text = 0;
    for (size_t i = 0; i < r->findings_count && len < sizeof(text); i++) {
        const struct finding *f = &r->findings[i];
        if (!i || f[-1].cause != f->cause)
            len += snprintf(text + len, sizeof(text) - len, "%s%s %s %s%s", len ? "; " : "", f->point->call,
                            f->point->error, ending_name(f->outcome), f->is_confirmed ? "" : "?");
    }
    return text;
}

static bool is_noted(const struct explore_result *r, const char *words)
{
    for (size_t i = 0; i < r->notes_count; i++)
        if (strstr(r->notes[i], words))
            return true;
    return false;
}

static uint64_t left_out(const struct explore_result *r)
{
    uint64_t sum = 0;

    for (int i = 0; i < UNEXPLORED_COUNT; i++)
        sum += r->unexplored[i];
    return sum;
}

START_TEST(a_checked_allocation_is_no_finding)
{
    const struct explore_result *r = explore_word("checked");

    ck_assert_str_eq(findings_of(r), "");
    ck_assert_uint_gt(r->points_count, 2);
    ck_assert_uint_eq(r->explored_count, r->points_count);
    ck_assert_uint_eq(r->outcomes[ENDING_SURVIVED], r->points_count);
}
END_TEST

START_TEST(an_unchecked_allocation_is_found_and_confirmed)
{
    const struct explore_result *r = explore_word("unchecked");

    ck_assert_str_eq(findings_of(r), "malloc ENOMEM segv");
    ck_assert_uint_gt(r->forks, 0);
    const struct finding *f = &r->findings[0];
    ck_assert_str_eq(f->point->stack.frames[0].module->path, host);
    ck_assert_uint_gt(strlen(f->point->stack.frames[0].module->build_id), 16);
    ck_assert_str_eq(f->crash.frames[0].module->path, host);
    ck_assert(f->crash.frames[0].is_exact);
    ck_assert_int_eq(f->signal, 11);
}
END_TEST

START_TEST(what_stdio_writes_is_failed_too)
{
    const struct explore_result *r = explore_word("printed");

    ck_assert_str_eq(findings_of(r), "write ENOSPC silent");
    ck_assert_str_eq(r->findings[0].point->about, "standard output");
    ck_assert_str_eq(r->findings[0].detail, "standard output: 0 bytes, not 5");
}
END_TEST

START_TEST(a_branch_reads_on_where_the_program_was)
{
    const struct explore_result *r = explore_word("parts");

    ck_assert_str_eq(findings_of(r), "");
    ck_assert_uint_eq(r->forks, r->points_count);
    bool has_malloc = false;
    for (size_t i = 0; i < r->points_count; i++)
        has_malloc = has_malloc || !strcmp(r->points[i].call, "malloc");
    ck_assert(has_malloc);
}
END_TEST

START_TEST(a_branch_changes_nothing_that_others_see)
{
    const struct explore_result *r = explore_word("locked");

    ck_assert_str_eq(findings_of(r), "");
    ck_assert_uint_eq(r->outcomes[ENDING_SURVIVED], r->points_count);
    ck_assert_uint_gt(r->forks, 2);
}
END_TEST

START_TEST(what_changes_files_runs_in_a_copy)
{
    const struct explore_result *r = explore_word("file");

    ck_assert_str_eq(findings_of(r), "write ENOSPC silent");
    ck_assert_str_eq(r->findings[0].point->about, "output");
    ck_assert_str_eq(r->findings[0].detail, "file output: 0 bytes, not 5");
    ck_assert_int_ne(access("output", F_OK), 0);
    ck_assert_uint_eq(r->explored_count, r->points_count);
}
END_TEST

START_TEST(both_engines_find_the_same)
{
    static char *const words[] = {"unchecked", "printed", "parts", "file", "entangled"};
    char branched[4096];

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        const struct explore_result *r = explore_word(words[i]);
        size_t points = r->points_count;
        snprintf(branched, sizeof(branched), "%s", findings_of(r));
        ck_assert_int_eq(explore_with((struct explore_request){.never_branches = true}, words[i]), 0);
        r = explore_result(explored);
        ck_assert_str_eq(findings_of(r), branched);
        ck_assert_uint_eq(r->points_count, points);
        ck_assert_uint_eq(r->forks, 0);
    }
}
END_TEST

START_TEST(what_branches_would_share_is_run_anew)
{
    const struct explore_result *r = explore_word("entangled");

    ck_assert_str_eq(findings_of(r), "malloc ENOMEM segv");
    ck_assert(is_noted(r, "it was run anew for each point"));
    ck_assert_uint_lt(r->forks, r->points_count);
    ck_assert_uint_eq(r->explored_count, r->points_count);
}
END_TEST

START_TEST(a_pipe_is_shared_once_it_is_used)
{
    const struct explore_result *r = explore_word("piped");

    ck_assert_str_eq(findings_of(r), "malloc ENOMEM segv");
    ck_assert(is_noted(r, "from its first write on"));
    ck_assert_uint_gt(r->forks, 0);
    ck_assert_uint_eq(r->explored_count, r->points_count);
}
END_TEST

START_TEST(the_same_points_have_the_same_ids)
{
    char first[EXPLORE_ID_BYTES];
    const struct explore_result *r = explore_word("unchecked");

    strcpy(first, r->findings[0].point->id);
    r = explore_word("unchecked");
    ck_assert_str_eq(r->findings[0].point->id, first);
    ck_assert_int_eq(explore_with((struct explore_request){.only_id = first}, "unchecked"), 0);
    r = explore_result(explored);
    ck_assert_uint_eq(r->points_count, 1);
    ck_assert_str_eq(findings_of(r), "malloc ENOMEM segv");
    ck_assert_int_eq(explore_with((struct explore_request){.only_id = "000000000000"}, "unchecked"),
                     -ECANCELED);
    ck_assert(strstr(why, "no point 000000000000"));
}
END_TEST

START_TEST(a_program_that_fails_by_itself_is_not_judged)
{
    ck_assert_int_eq(explore_with((struct explore_request){0}, "fails"), -ECANCELED);
    ck_assert(strstr(why, "exits with 7, not 0"));
    ck_assert(strstr(why, "no such luck"));
    ck_assert_int_eq(explore_with((struct explore_request){.clean_status = 7}, "fails"), 0);
}
END_TEST

START_TEST(output_that_varies_is_said_and_not_compared)
{
    const struct explore_result *r = explore_word("varies");

    ck_assert(is_noted(r, "what it prints varies"));
    ck_assert_str_eq(findings_of(r), "");
}
END_TEST

START_TEST(who_retries_for_ever_hangs)
{
    const struct explore_result *r = explore_word("retries");

    ck_assert_str_eq(findings_of(r), "open EMFILE hang");
    ck_assert(r->findings[0].point->is_persistent);
}
END_TEST

START_TEST(who_blocks_every_signal_is_explored_all_the_same)
{
    const struct explore_result *r = explore_word("masked");

    ck_assert_str_eq(findings_of(r), "");
    ck_assert_uint_eq(r->notes_count, 0);
    bool has_write = false;
    for (size_t i = 0; i < r->points_count; i++)
        has_write = has_write || !strcmp(r->points[i].call, "write");
    ck_assert(has_write);
}
END_TEST

START_TEST(an_abort_is_a_finding_where_asked_for)
{
    const struct explore_result *r = explore_word("aborts");

    ck_assert_str_eq(findings_of(r), "");
    ck_assert_uint_gt(r->outcomes[ENDING_ABORT], 0);
    ck_assert_int_eq(explore_with((struct explore_request){.reports_aborts = true}, "aborts"), 0);
    ck_assert_str_eq(findings_of(explore_result(explored)), "malloc ENOMEM abort");
}
END_TEST

START_TEST(fresh_memory_is_poisoned)
{
    explore_word(
        "fresh"); /* natively it may print another word: what is compared is what it prints with us */
    ck_assert_uint_eq(explored->clean.out_len, strlen("pattern\n"));
    ck_assert_str_eq(explored->clean.out, "pattern\n");
}
END_TEST

START_TEST(what_the_budget_left_out_is_counted)
{
    ck_assert_int_eq(explore_with((struct explore_request){.budget_ns = 1}, "parts"), 0);
    const struct explore_result *r = explore_result(explored);

    ck_assert_uint_eq(r->explored_count, 0);
    ck_assert_uint_gt(r->points_count, 0);
    ck_assert_uint_eq(r->unexplored[UNEXPLORED_BUDGET], r->points_count);
    r = explore_word("parts");
    ck_assert_uint_eq(r->explored_count + left_out(r), r->points_count);
}
END_TEST

/* --- whose defect it is --- */

static const struct module libc_module = {.path = "/lib/libc.so.6", .build_id = "aa"},
                           own_module = {.path = "/usr/bin/program", .build_id = "bb"};

static struct stack stack_from(uint64_t in_libc, uint64_t in_program)
{
    return (struct stack){.frames = {{.module = &libc_module, .address = in_libc},
                                     {.module = &own_module, .address = in_program},
                                     {.module = &own_module, .address = 1}},
                          .depth = 3};
}

START_TEST(libc_crashing_in_the_call_that_could_not_allocate_is_its_own_defect)
{
    struct plan plan = {.outcome = ENDING_SEGV};

    plan.point.stack = stack_from(100, 50);
    plan.finding.crash = stack_from(200, 50);
    ck_assert(is_libc_own(&plan));
    plan.finding.crash = stack_from(200, 60); /* strlen(NULL), after strdup() */
    ck_assert(!is_libc_own(&plan));
    plan.finding.crash = stack_from(200, 50);
    plan.finding.crash.frames[0].module = &own_module;
    ck_assert(!is_libc_own(&plan));
    plan.finding.crash.depth = 0;
    ck_assert(!is_libc_own(&plan));
}
END_TEST

START_TEST(a_cause_is_where_the_program_crashed_whatever_libc_did_there)
{
    struct plan a = {.outcome = ENDING_SEGV, .point = {.call = "malloc"}}, b = a;

    a.finding.crash = stack_from(200, 50);
    b.finding.crash = stack_from(300, 50);
    ck_assert_uint_eq(cause_of(&a), cause_of(&b));
    b.finding.crash = stack_from(200, 60);
    ck_assert_uint_ne(cause_of(&a), cause_of(&b));
    b = a;
    b.outcome = ENDING_HEAP;
    ck_assert_uint_ne(cause_of(&a), cause_of(&b));
}
END_TEST

/* --- scratch --- */

START_TEST(a_copy_is_the_same_until_something_changes)
{
    struct tree before, after;

    ck_assert(!mkdir("dir", 0700) && !mkdir("dir/sub", 0700) && !mkdir("tmp", 0700));
    ck_assert_int_eq(scratch_copy("dir", "copy", "tmp"), 0);
    ck_assert_int_eq(scratch_copy("dir", "copy", "tmp"), -EEXIST);
    ck_assert_int_eq(access("copy/sub", F_OK), 0);
    ck_assert_int_eq(tree_read(".", NULL, &before), 0);
    FILE *f = fopen("dir/sub/new", "w");
    ck_assert(f && !fclose(f));
    ck_assert_int_eq(tree_read(".", &before, &after), 0);
    ck_assert_uint_eq(after.count, before.count + 1);
    ck_assert(!tree_same(&before, &after));
    ck_assert_int_eq(unlink("dir/sub/new"), 0);
    tree_free(&after);
    ck_assert_int_eq(tree_read(".", &before, &after), 0);
    ck_assert(tree_same(&before, &after));
    tree_free(&before);
    tree_free(&after);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explore");
    TCase *tests = tcase_create("engine");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_checked_allocation_is_no_finding);
    tcase_add_test(tests, an_unchecked_allocation_is_found_and_confirmed);
    tcase_add_test(tests, what_stdio_writes_is_failed_too);
    tcase_add_test(tests, a_branch_reads_on_where_the_program_was);
    tcase_add_test(tests, a_branch_changes_nothing_that_others_see);
    tcase_add_test(tests, what_changes_files_runs_in_a_copy);
    tcase_add_test(tests, both_engines_find_the_same);
    tcase_add_test(tests, what_branches_would_share_is_run_anew);
    tcase_add_test(tests, a_pipe_is_shared_once_it_is_used);
    tcase_add_test(tests, the_same_points_have_the_same_ids);
    tcase_add_test(tests, a_program_that_fails_by_itself_is_not_judged);
    tcase_add_test(tests, output_that_varies_is_said_and_not_compared);
    tcase_add_test(tests, who_retries_for_ever_hangs);
    tcase_add_test(tests, who_blocks_every_signal_is_explored_all_the_same);
    tcase_add_test(tests, an_abort_is_a_finding_where_asked_for);
    tcase_add_test(tests, fresh_memory_is_poisoned);
    tcase_add_test(tests, what_the_budget_left_out_is_counted);
    tcase_add_test(tests, libc_crashing_in_the_call_that_could_not_allocate_is_its_own_defect);
    tcase_add_test(tests, a_cause_is_where_the_program_crashed_whatever_libc_did_there);
    tcase_add_test(tests, a_copy_is_the_same_until_something_changes);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}

/* The journal: what goes in comes out, and nothing that is lost turns into a pass. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/base/clean.h"
#include "chaosctl/report/journal.h"
#include "chaosctl/report/report.h"
#include "check_main.h"
#include "result_fixture.h"

static const char *const secrets[] = {"hunter2"};
static const struct scenario scenario = {.secrets = secrets, .secrets_count = 1};
static char folder[] = "/tmp/chaosctl-journal-XXXXXX";
static char path[128];

static void set_up(void)
{
    strcpy(folder + sizeof(folder) - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/run.jsonl", folder);
}

static void tear_down(void)
{
    unlink(path);
    rmdir(folder);
}

static struct journal *open_journal(void)
{
    struct journal *journal = NULL;

    ck_assert_int_eq(journal_open(path, "run", &scenario, &journal), 0);
    return journal;
}

static void write_text(const char *text, size_t len)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    fclose(file);
}

static char *read_text(size_t *ret_len)
{
    struct buf text = {0};
    cleanup_file FILE *file = fopen(path, "r");

    ck_assert_ptr_nonnull(file);
    for (int c; (c = getc(file)) != EOF;)
        buf_add_char(&text, (char)c);
    *ret_len = text.len;
    return buf_steal(&text);
}

static void write_run(const struct run_result *result)
{
    struct journal *journal = open_journal();
    struct cell cell = {.experiment = "redis-down", .label = "x=1"};

    journal_run_started(journal, result);
    journal_phase(journal, &cell, PHASE_DURING);
    journal_event(journal, "note", json_pack("{s:i}", "n", 1));
    for (size_t i = 0; i < result->cells_count; i++)
        journal_cell(journal, &result->cells[i]);
    journal_run_ended(journal, result);
    ck_assert_int_eq(journal_error(journal), 0);
    journal_close(journal);
}

static struct run_result *read_run(void)
{
    struct run_result *result = NULL;
    char *why = NULL;
    int r = journal_read(path, &result, &why);

    ck_assert_msg(r == 0, "%d: %s", r, why ? why : "");
    return result;
}

/* The reason for which the journal is refused; to be freed. */
static char *read_error(void)
{
    struct run_result *result = NULL;
    char *why = NULL;

    ck_assert_int_eq(journal_read(path, &result, &why), -EINVAL);
    ck_assert_ptr_null(result);
    ck_assert_ptr_nonnull(why);
    return why;
}

static void same_text(const char *a, const char *b)
{
    ck_assert(!a == !b);
    if (a)
        ck_assert_str_eq(a, b);
}

#define SAME(member)      ck_assert(a->member == b->member)
#define SAME_TEXT(member) same_text(a->member, b->member)
#define SAME_PLACE        ck_assert(a->at.line == b->at.line && a->at.column == b->at.column)

static void same_check(const struct check_result *a, const struct check_result *b)
{
    SAME(phase);
    SAME_TEXT(text);
    SAME_TEXT(expected);
    SAME_TEXT(observed);
    SAME(outcome);
    SAME(samples);
    SAME_PLACE;
}

static void same_fault(const struct fault_result *a, const struct fault_result *b)
{
    SAME_TEXT(text);
    SAME_TEXT(kind);
    SAME(matches);
    SAME(hits);
    ck_assert_uint_eq(a->skipped, b->skipped);
    SAME(unseen);
    SAME_TEXT(hits_expected);
    SAME(landed);
    SAME(dry);
    SAME_PLACE;
}

static void same_load(const struct load_result *a, const struct load_result *b)
{
    SAME_TEXT(name);
    SAME(phase);
    SAME(samples);
    SAME(errors);
    SAME(success_percent);
    SAME(p50_ns);
    SAME(p95_ns);
    SAME(p99_ns);
    SAME(max_ns);
    SAME_TEXT(note);
}

static void same_deed(const struct deed *a, const struct deed *b)
{
    SAME_TEXT(what);
    SAME_TEXT(text);
    SAME_TEXT(spec);
    SAME(fault);
    SAME(at_ns);
    SAME(for_ns);
    SAME(seed);
    SAME(uid);
    SAME(pid);
    SAME_TEXT(user);
    SAME_TEXT(terminal);
}

static void same_cell(const struct cell_result *a, const struct cell_result *b)
{
    SAME_TEXT(experiment);
    SAME_TEXT(label);
    SAME_TEXT(hypothesis);
    SAME(verdict);
    SAME_TEXT(reason);
    SAME(answers);
    SAME(seed);
    SAME(started_wall_ns);
    SAME(duration_ns);
    for (int p = 0; p < PHASE_COUNT; p++)
        SAME(phase_ns[p]);
    SAME(recovery_measured);
    SAME(recovery_ns);
    SAME(recovery_within_ns);
    SAME(checks_count);
    SAME(faults_count);
    SAME(loads_count);
    SAME(dropped);
    SAME_PLACE;
    for (size_t i = 0; i < a->checks_count; i++)
        same_check(&a->checks[i], &b->checks[i]);
    for (size_t i = 0; i < a->faults_count; i++)
        same_fault(&a->faults[i], &b->faults[i]);
    for (size_t i = 0; i < a->loads_count; i++)
        same_load(&a->loads[i], &b->loads[i]);
    SAME(deeds_count);
    for (size_t i = 0; i < a->deeds_count; i++)
        same_deed(&a->deeds[i], &b->deeds[i]);
}

/* When one of these changes, a field was added: it belongs in layout_table.c and above. */
_Static_assert(sizeof(struct check_result) == 56, "check_result changed");
_Static_assert(sizeof(struct fault_result) == 72, "fault_result changed");
_Static_assert(sizeof(struct load_result) == 80, "load_result changed");
_Static_assert(sizeof(struct deed) == 88, "deed changed");
_Static_assert(sizeof(struct cell_result) == 248, "cell_result changed");
_Static_assert(sizeof(struct run_result) == 160, "run_result changed");

START_TEST(every_field_survives_the_journal)
{
    write_run(&fixture);
    const struct run_result *a = &fixture, *b = read_run();

    SAME_TEXT(run);
    SAME_TEXT(scenario);
    SAME_TEXT(file);
    SAME_TEXT(version);
    SAME_TEXT(journal);
    SAME_TEXT(host);
    SAME_TEXT(ways);
    SAME(seed);
    SAME(started_wall_ns);
    SAME(duration_ns);
    SAME(verdict);
    SAME_TEXT(reason);
    SAME_TEXT(notice);
    SAME(dry);
    SAME(complete);
    SAME(cells_planned);
    ck_assert_uint_eq(a->cells_count, b->cells_count);
    for (size_t i = 0; i < a->cells_count; i++)
        same_cell(&a->cells[i], &b->cells[i]);
    result_free((struct run_result *)b);
}
END_TEST

START_TEST(a_journal_cut_anywhere_is_never_a_pass)
{
    struct run_result passed = fixture;
    size_t len = 0;

    passed.verdict = VERDICT_PASS;
    passed.cells_count = passed.cells_planned = 1;
    write_run(&passed);
    cleanup_free char *text = read_text(&len);
    for (size_t cut = 0; cut < len; cut++) {
        struct run_result *result = NULL;
        cleanup_free char *why = NULL;
        ck_assert_int_eq(truncate(path, 0), 0);
        write_text(text, cut);
        if (journal_read(path, &result, &why)) {
            ck_assert_ptr_nonnull(why);
            continue;
        }
        ck_assert_msg(!result->complete && result->verdict == VERDICT_INCONCLUSIVE, "at byte %zu", cut);
        ck_assert_ptr_nonnull(strstr(result->reason, "the run did not end: the journal stops at "));
        result_free(result);
    }
    write_text(text, len);
    struct run_result *whole = read_run();
    ck_assert(whole->complete && whole->verdict == VERDICT_PASS);
    result_free(whole);
}
END_TEST

START_TEST(a_journal_that_stops_says_where)
{
    struct journal *journal = open_journal();
    struct cell cell = {.experiment = "redis-down", .label = "x=1"};

    journal_run_started(journal, &fixture);
    journal_phase(journal, &cell, PHASE_RECOVERY);
    journal_close(journal);
    struct run_result *result = read_run();
    ck_assert_ptr_nonnull(strstr(result->reason, " s, in experiment redis-down [x=1], phase recovery"));
    result_free(result);
}
END_TEST

START_TEST(a_refuted_cell_stays_refuted_when_the_run_did_not_end)
{
    struct journal *journal = open_journal();

    journal_run_started(journal, &fixture);
    journal_cell(journal, &fixture_cells[1]);
    journal_close(journal);
    struct run_result *result = read_run();
    ck_assert_int_eq(result->verdict, VERDICT_STOPPED); /* what run.started said was no better */
    ck_assert_int_eq(result->cells[0].verdict, VERDICT_REFUTED);
    result_free(result);
}
END_TEST

START_TEST(a_pass_that_lacks_cells_is_inconclusive)
{
    struct run_result passed = fixture;

    passed.verdict = VERDICT_PASS;
    passed.cells_count = 1;
    write_run(&passed);
    struct run_result *result = read_run();
    ck_assert_int_eq(result->verdict, VERDICT_INCONCLUSIVE);
    result_free(result);
}
END_TEST

static const struct {
    const char *text, *why;
} damaged[] = {
    {"", "line 1: no run.started"},
    {"\n", "line 1: not JSON"},
    {"garbage\n", "line 1: not JSON"},
    {"[1]\n", "line 1: not an event"},
    {"{\"t\":0,\"event\":\"run.started\"}\n", "line 1: \"verdict\" is missing"},
    {"{\"t\":0,\"event\":\"run.started\",\"verdict\":\"pass\"}\nx\n", "line 2: not JSON"},
    {"{\"t\":0,\"event\":\"run.started\",\"verdict\":\"pass\"}\n{\"event\":\"cell\"}\n",
     "line 2: not an event"},
    {"{\"t\":0,\"event\":\"run.started\",\"verdict\":\"pass\"}\n{\"t\":1,\"event\":\"cell\"}\n",
     "line 2: \"verdict\" is missing"},
    {"{\"t\":0,\"event\":\"run.started\",\"verdict\":\"pass\"}\n"
     "{\"t\":1,\"event\":\"cell\",\"verdict\":\"pass\",\"checks\":[{\"phase\":\"during\"}]}\n",
     "line 2: \"outcome\" is missing"},
    {"{\"t\":0,\"event\":\"run.started\",\"verdict\":\"pass\"}\n"
     "{\"t\":1,\"event\":\"cell\",\"verdict\":\"pass\",\"faults\":[{\"hits\":-1}]}\n",
     "line 2: \"hits\" is missing or not of its type"},
    {"{\"t\":0,\"event\":\"run.started\",\"verdict\":\"pass\"}\n"
     "{\"t\":0,\"event\":\"run.started\",\"verdict\":\"pass\"}\n",
     "line 2: a second run begins"},
    {"{\"t\":0,\"event\":\"run.started\",\"verdict\":\"pass\",\"verdict\":\"pass\"}\n", "line 1: not JSON"},
};

START_TEST(a_damaged_line_is_an_error_with_its_number)
{
    write_text(damaged[_i].text, strlen(damaged[_i].text));
    cleanup_free char *why = read_error();
    ck_assert_msg(!strncmp(why, damaged[_i].why, strlen(damaged[_i].why)), "%s", why);
}
END_TEST

START_TEST(a_line_without_end_is_refused)
{
    size_t len = JOURNAL_LINE_MAX + 10;
    cleanup_free char *text = malloc(len);

    memset(text, ' ', len);
    write_text(text, len);
    cleanup_free char *why = read_error();
    ck_assert_ptr_nonnull(strstr(why, "line 1: longer than"));
}
END_TEST

START_TEST(bodies_of_megabytes_are_cut_and_the_verdict_kept)
{
    enum { CHECKS = 1000 };
    static struct check_result checks[CHECKS];
    cleanup_free char *body = calloc(1, 1 << 16);
    struct cell_result cell = fixture_cells[1];
    struct run_result run = fixture;

    memset(body, 'x', (1 << 16) - 1);
    for (int i = 0; i < CHECKS; i++)
        checks[i] = (struct check_result){.text = "c", .observed = body, .outcome = OUTCOME_FAILED};
    cell.checks = checks;
    cell.checks_count = CHECKS;
    run.cells = &cell;
    run.cells_count = 1;
    write_run(&run);
    struct run_result *result = read_run();
    ck_assert_uint_eq(result->cells[0].checks_count, CHECKS);
    ck_assert_uint_eq(strlen(result->cells[0].checks[9].observed), 512);
    result_free(result);
}
END_TEST

START_TEST(no_secret_reaches_the_file)
{
    struct run_result run = fixture;
    struct cell_result cell = fixture_cells[0];
    struct cell phase = {.experiment = "hunter2", .label = "a hunter2 b"};
    struct record record = {.kind = RECORD_HIT};
    size_t len = 0;

    run.scenario = run.reason = cell.reason = cell.experiment = "x hunter2 y";
    struct journal *journal = open_journal();
    journal_run_started(journal, &run);
    journal_phase(journal, &phase, PHASE_AFTER);
    journal_hit(journal, &record, "refuse hunter2", "hunter2");
    journal_event(journal, "note", json_pack("{s:[{s:s}, s]}", "list", "deep", "hunter2hunter2", "hunter2"));
    journal_cell(journal, &cell);
    journal_run_ended(journal, &run);
    journal_close(journal);
    cleanup_free char *text = read_text(&len);
    ck_assert_ptr_null(strstr(text, "hunter2"));
    ck_assert_ptr_nonnull(strstr(text, "{\"deep\":\"******\"}"));
    ck_assert_ptr_nonnull(strstr(text, "x *** y"));
}
END_TEST

START_TEST(no_secret_is_left_in_a_masked_result)
{
    struct run_result *result = result_new();
    struct cell_result *cell = arena_push(result->arena, &result->cells, &result->cells_count, sizeof(*cell));
    struct check_result *check = arena_take(result->arena, sizeof(*check));

    result->host = cell->reason = check->observed = "a hunter2";
    cell->checks = check;
    cell->checks_count = 1;
    ck_assert_int_eq(report_mask(result, &scenario), 0);
    ck_assert_str_eq(result->host, "a ***");
    ck_assert_str_eq(cell->reason, "a ***");
    ck_assert_str_eq(check->observed, "a ***");
    result_free(result);
}
END_TEST

START_TEST(a_hit_carries_all_that_a_replay_needs)
{
    struct journal *journal = open_journal();
    struct record record = {.number = 17, .delay_ns = 5, .pid = 12, .tid = 13, .fd = 7, .rule = 3};
    size_t len = 0;

    record.time_ns = now_mono_ns() + 2 * NS_PER_S;
    record.error = ECONNREFUSED;
    record.call = CALL_connect;
    record.effect = EFFECT_REFUSE;
    journal_hit(journal, &record, "refuse cache", "shop");
    record = (struct record){.error = EAI_AGAIN, .call = CALL_getaddrinfo, .kind = RECORD_SKIPPED, .fd = -1};
    journal_hit(journal, &record, NULL, NULL);
    record.call = 255;
    record.effect = 255;
    journal_hit(journal, &record, NULL, NULL);
    journal_close(journal);
    cleanup_free char *text = read_text(&len);
    ck_assert_int_eq(strncmp(text, "{\"t\":2.0", 7), 0);
    ck_assert_ptr_nonnull(strstr(
        text,
        "\"event\":\"fault.hit\",\"fault\":\"refuse cache\",\"rule\":3,\"match\":17,\"call\":\"connect\","
        "\"effect\":\"refused\",\"error\":\"ECONNREFUSED\",\"error_number\":111,\"delay_ns\":5,"
        "\"service\":\"shop\",\"pid\":12,\"tid\":13,\"fd\":7}\n"));
    ck_assert_ptr_nonnull(strstr(text, "\"event\":\"fault.skipped\",\"fault\":null"));
    ck_assert_ptr_nonnull(strstr(text, "\"error\":\"EAI_AGAIN\""));
}
END_TEST

START_TEST(a_full_disk_is_noticed_and_kept)
{
    struct journal *journal = NULL;

    ck_assert_int_eq(journal_open("/dev/full", "run", &scenario, &journal), 0);
    ck_assert_int_eq(journal_error(journal), 0);
    journal_event(journal, "note", NULL);
    ck_assert_int_eq(journal_error(journal), -ENOSPC);
    journal_close(journal);
}
END_TEST

/* A limit on the file's size is a disk that fills up in the middle of a line. */
START_TEST(a_line_that_does_not_fit_is_taken_back)
{
    struct journal *journal = open_journal();
    struct stat st;

    journal_run_started(journal, &fixture);
    ck_assert_int_eq(stat(path, &st), 0);
    struct rlimit limit = {(rlim_t)st.st_size + 20, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    journal_cell(journal, &fixture_cells[0]);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    ck_assert_int_eq(journal_error(journal), -ENOSPC);
    journal_cell(journal, &fixture_cells[1]);
    journal_close(journal);
    struct run_result *result = read_run();
    ck_assert_uint_eq(result->cells_count, 1);
    result_free(result);
}
END_TEST

START_TEST(a_file_that_is_no_journal_is_not_overwritten)
{
    struct journal *journal = NULL;
    size_t len = 0;

    write_text("version: 1\n", 11);
    ck_assert_int_eq(journal_open(path, "run", &scenario, &journal), -EEXIST);
    cleanup_free char *text = read_text(&len);
    ck_assert_str_eq(text, "version: 1\n");
}
END_TEST

START_TEST(a_journal_is_begun_anew_and_is_for_its_owner_alone)
{
    struct stat st;

    write_run(&fixture);
    write_run(&fixture);
    struct run_result *result = read_run();
    ck_assert_uint_eq(result->cells_count, fixture.cells_count);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    result_free(result);
}
END_TEST

START_TEST(the_newest_journal_of_the_state_folder_is_the_last)
{
    struct journal *journal = NULL;
    cleanup_free char *last = NULL;
    char file[300], dir[256];

    setenv("XDG_STATE_HOME", folder, 1);
    ck_assert_int_eq(journal_last(&last), -ENOENT);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(journal_open(NULL, i ? "older" : "newer", &scenario, &journal), 0);
        journal_close(journal);
    }
    snprintf(dir, sizeof(dir), "%s/chaosctl", folder);
    snprintf(file, sizeof(file), "%s/older.jsonl", dir);
    const struct timespec times[2] = {{1, 0}, {1, 0}};
    ck_assert_int_eq(utimensat(AT_FDCWD, file, times, 0), 0);
    ck_assert_int_eq(journal_last(&last), 0);
    ck_assert_ptr_nonnull(strstr(last, "/chaosctl/newer.jsonl"));
    unlink(file);
    unlink(last);
    rmdir(dir);
}
END_TEST

START_TEST(bytes_that_are_no_utf8_are_written_as_replacements)
{
    struct run_result run = fixture;

    run.host = "a\xff\xc0\xafz";
    write_run(&run);
    struct run_result *result = read_run();
    ck_assert_str_eq(result->host, "a\ufffd\ufffd\ufffdz");
    result_free(result);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *tc = tcase_create("journal");

    suite_add_tcase(suite, tc);
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, every_field_survives_the_journal);
    tcase_add_test(tc, a_journal_cut_anywhere_is_never_a_pass);
    tcase_add_test(tc, a_journal_that_stops_says_where);
    tcase_add_test(tc, a_refuted_cell_stays_refuted_when_the_run_did_not_end);
    tcase_add_test(tc, a_pass_that_lacks_cells_is_inconclusive);
    tcase_add_loop_test(tc, a_damaged_line_is_an_error_with_its_number, 0,
                        sizeof(damaged) / sizeof(*damaged));
    tcase_add_test(tc, a_line_without_end_is_refused);
    tcase_add_test(tc, bodies_of_megabytes_are_cut_and_the_verdict_kept);
    tcase_add_test(tc, no_secret_reaches_the_file);
    tcase_add_test(tc, no_secret_is_left_in_a_masked_result);
    tcase_add_test(tc, a_hit_carries_all_that_a_replay_needs);
    tcase_add_test(tc, a_full_disk_is_noticed_and_kept);
    tcase_add_test(tc, a_line_that_does_not_fit_is_taken_back);
    tcase_add_test(tc, a_file_that_is_no_journal_is_not_overwritten);
    tcase_add_test(tc, a_journal_is_begun_anew_and_is_for_its_owner_alone);
    tcase_add_test(tc, the_newest_journal_of_the_state_folder_is_the_last);
    tcase_add_test(tc, bytes_that_are_no_utf8_are_written_as_replacements);
    return check_main(suite);
}

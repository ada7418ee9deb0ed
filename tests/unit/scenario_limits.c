/* `limits:`: how far faults may go, of a scenario and of the host. */
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/scenario/limits.h"
#include "chaosctl/scenario/source.h"
#include "unit/scenario_case.h"

/* The tail's experiment refuses cache (127.0.0.1:6379) for 5 s, in service shop; HEAD has five lines. */
static const struct case_row rows[] = {
    {"limits: {}", ""},
    {"limits:", ""},
    {"limits: 3", "f:6:9: a map (limits) is wanted here, not text"},
    {"limits: {durations: 5s}", "unknown key \"durations\" in limits (did you mean \"duration\"?)"},
    {"limits: {duration: 5s}", ""},
    {"limits: {duration: 4999ms}", "lasts 5 s; at most 5 s is allowed (/nowhere/f.yml:6:20)"},
    {"limits: {duration: 5}", "duration: \"5\" has no unit"},
    {"limits: {services: 1}", ""},
    {"limits: {services: 0}", "services: \"0\" would do nothing"},
    {"limits: {processes: many}", "processes: \"many\" is not a whole number"},
    {"limits: {forbidden: []}", "forbidden: the list is empty"},
    {"limits: {forbidden: \"127.0.0.1:6379\"}",
     "f:7:35: limits: `refuse cache` is about cache (tcp 127.0.0.1:6379), and 127.0.0.1:6379 is forbidden "
     "(/nowhere/f.yml:6:21)"},
    {"limits: {forbidden: [\"127.0.0.1:6380\", \"tcp:127.0.0.1:6379\"]}", "(/nowhere/f.yml:6:40)"},
    {"limits: {forbidden: \"udp:127.0.0.1:6379\"}", ""},
    {"limits: {forbidden: \"127.0.0.1:6380\"}", ""},
    {"limits: {forbidden: \"127.0.0.1\"}", "127.0.0.1 is forbidden"},
    {"limits: {forbidden: \"127.0.0.0/8\"}", "127.0.0.0/8 is forbidden"},
    {"limits: {forbidden: \"127.128.0.0/9\"}", ""},
    {"limits: {forbidden: \"[::1]\"}", ""},
    {"limits: {forbidden: \"*:6379\"}", "*:6379 is forbidden"},
    {"limits: {forbidden: localhost}", "localhost is forbidden"},
    {"limits: {forbidden: cache}", "cache is forbidden"},
    {"limits: {forbidden: recs}", ""},
    {"limits: {forbidden: \"recs.internal:80\"}", ""},
    {"limits: {forbidden: /run/x.sock}", ""},
    {"limits: {forbidden: \"10.0.0.0/99\"}", "forbidden: \"10.0.0.0/99:*\" is no IPv4 address"},
    {"limits: {hours: mon-fri 09:00-17:00}", ""},
    {"limits: {hours: [mon-fri 09:00-17:00, sat]}", ""},
    {"limits: {hours: 09:00-25:00}", "hours: \"09:00-25:00\" is not a part of the week"},
    {"limits: {users: [root, nobody]}", ""},
    {"limits: {users: [[]]}", "users: "},
};

START_TEST(what_exceeds_a_limit_is_named_with_the_rule)
{
    check_row(parse_top(rows[_i].fragment), rows[_i].error);
}
END_TEST

#define ONE_FAULT(limits, faults)                                                                            \
    HEAD "limits: {" limits "}\nexperiments:\n- name: e\n  faults: [" faults "]\n  after: [{exec: [x]}]\n"

static const struct case_row faults[] = {
    {ONE_FAULT("duration: 2s", "{refuse: {target: cache, for: 2s}}"), ""},
    {ONE_FAULT("duration: 2s", "{refuse: {target: cache, for: 3s}}"), "lasts 3 s; at most 2 s"},
    {ONE_FAULT("duration: 2s", "{refuse: {target: cache, start: 3s}}"), ""},
    {ONE_FAULT("forbidden: recs.internal", "{refuse: {target: recs}}"), "recs.internal is forbidden"},
    {ONE_FAULT("forbidden: \"RECS.internal:80\"", "{refuse: {target: [cache, recs]}}"), "is about recs"},
    {ONE_FAULT("forbidden: \"/^recs/:80\"", "{refuse: {target: recs}}"), "/^recs/:80 is forbidden"},
    {ONE_FAULT("forbidden: \"/^recs/:81\"", "{refuse: {target: recs}}"), ""},
    {ONE_FAULT("forbidden: \"10.0.0.1:1\"", "{error: {call: connect, errno: EPERM}}"),
     "names no target, so it would meet 10.0.0.1:1, which is forbidden"},
    {ONE_FAULT("forbidden: \"10.0.0.1:1\"", "{oom: {probability: 1%}}"), ""},
    {ONE_FAULT("forbidden: \"10.0.0.1:1\"", "{error: {call: malloc, errno: ENOMEM}}"), ""},
    {ONE_FAULT("forbidden: \"10.0.0.1:1\"", "{kill: {in: shop}}"), ""},
};

START_TEST(a_fault_is_held_against_each_limit)
{
    check_row(parse("%s", faults[_i].fragment), faults[_i].error);
}
END_TEST

START_TEST(faults_in_more_services_than_allowed_are_an_error)
{
    const char *text = "version: 1\n"
                       "services: {a: {run: [a]}, b: {run: [b]}, quiet: {run: [q], inject: none}}\n"
                       "dependencies: {cache: {tcp: \"127.0.0.1:6379\"}}\n"
                       "limits: {services: 1}\n"
                       "experiments:\n- {name: e, faults: [%s], after: [{exec: [x]}]}\n";

    ck_assert_str_eq(parse(text, "{refuse: {target: cache, in: a}}, {kill: {in: a}}"), "");
    ck_assert_has(parse(text, "{refuse: {target: cache}}"),
                  "faults would be in 2 services; at most 1 is allowed (/nowhere/f.yml:4:20)");
    ck_assert_has(parse(text, "{kill: {in: a}}, {kill: {in: b}}"), "in 2 services");
}
END_TEST

/* --- hours --- */

static const struct {
    const char *text;
    int day, hour, minute; /* of the week from Sunday on */
    bool inside;
} moments[] = {
    {"mon-fri 09:00-17:00", 1, 9, 0, true},
    {"mon-fri 09:00-17:00", 1, 8, 59, false},
    {"mon-fri 09:00-17:00", 5, 16, 59, true},
    {"mon-fri 09:00-17:00", 5, 17, 0, false},
    {"mon-fri 09:00-17:00", 6, 12, 0, false},
    {"mon-fri 09:00-17:00", 0, 12, 0, false},
    {"sat,sun", 6, 0, 0, true},
    {"sat,sun", 0, 23, 59, true},
    {"sat,sun", 1, 0, 0, false},
    {"fri-mon 10:00-11:00", 0, 10, 30, true},
    {"fri-mon 10:00-11:00", 2, 10, 30, false},
    {"22:00-06:00", 3, 23, 0, true},
    {"22:00-06:00", 3, 5, 59, true},
    {"22:00-06:00", 3, 6, 0, false},
    {"sat 22:00-06:00", 0, 5, 0, true},
    {"sat 22:00-06:00", 6, 5, 0, false},
    {"00:00-24:00", 2, 23, 59, true},
};

START_TEST(hours_are_a_part_of_the_week)
{
    const struct tm at = {
        .tm_wday = moments[_i].day, .tm_hour = moments[_i].hour, .tm_min = moments[_i].minute};
    struct hours hours;

    ck_assert(hours_parse(moments[_i].text, &hours));
    ck_assert_int_eq(hours_contain(&hours, &at), moments[_i].inside);
}
END_TEST

static const char *const no_hours[] = {"",           "mon-",        "mon 9:00-17:00", "mon  09:00-10:00",
                                       "mon 09:00",  "09:00-09:00", "09:60-10:00",    "24:00-25:00",
                                       "monday",     "mon,",        "mon ",           "09:00-10:00 mon",
                                       "24:00-06:00"};

START_TEST(what_is_no_part_of_the_week_is_refused)
{
    struct hours hours;

    ck_assert_msg(!hours_parse(no_hours[_i], &hours), "\"%s\"", no_hours[_i]);
}
END_TEST

START_TEST(a_moment_outside_of_all_hours_is_refused)
{
    cleanup_buf struct buf why = {0};
    struct tm monday_noon = {.tm_year = 126, .tm_mon = 10, .tm_mday = 23, .tm_hour = 12, .tm_isdst = -1};
    time_t at = mktime(&monday_noon);

    ck_assert_str_eq(parse_top("limits: {hours: [sat, mon 10:00-13:00]}"), "");
    ck_assert(!limits_refuse_time(loaded, at, &why));
    ck_assert(limits_refuse_time(loaded, at + 3600, &why));
    ck_assert_has(buf_text(&why),
                  "it is Mon 13:00, outside of the hours in which faults are allowed: sat and "
                  "others (/nowhere/f.yml:6:17)");
}
END_TEST

/* --- who --- */

START_TEST(a_user_who_is_not_named_is_refused)
{
    cleanup_buf struct buf why = {0};

    ck_assert_str_eq(parse_top("limits: {users: [root, \"4711\"]}"), "");
    ck_assert(!limits_refuse_user(loaded, 0, &why));
    ck_assert(!limits_refuse_user(loaded, 4711, &why));
    ck_assert(limits_refuse_user(loaded, 4712, &why));
    ck_assert_has(buf_text(&why), "user 4712 is not among those who may inject faults (/nowhere/f.yml:6:17)");
}
END_TEST

/* --- the host --- */

static char host_path[64];

static const char *with_host(const char *text)
{
    struct diag *diag = diag_new("f");
    cleanup_buf struct buf rendered = {0};
    int fd = -1;

    snprintf(host_path, sizeof(host_path), "/tmp/chaosctl-limits-XXXXXX");
    fd = mkstemp(host_path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    setenv(LIMITS_VARIABLE, host_path, 1);
    last_result = limits_load_host(loaded, diag);
    if (!last_result)
        limits_check(loaded, diag);
    diag_render(diag, &rendered);
    snprintf(errors_text, sizeof(errors_text), "%s", buf_text(&rendered));
    diag_free(diag);
    unlink(host_path);
    unsetenv(LIMITS_VARIABLE);
    return errors_text;
}

START_TEST(a_scenario_does_not_loosen_the_limits_of_the_host)
{
    char wanted[128];

    ck_assert_str_eq(parse_top("limits: {duration: 1h, services: 30}"), "");
    with_host("limits: {duration: 2s}\n");
    snprintf(wanted, sizeof(wanted), "lasts 5 s; at most 2 s is allowed (%s:1:20)", host_path);
    ck_assert_has(errors_text, wanted);
    ck_assert_str_eq(parse_top("limits: {duration: 6s}"), "");
    ck_assert_str_eq(with_host("limits: {duration: 1h}\n"), "");
}
END_TEST

START_TEST(an_error_in_the_file_of_the_host_is_named_there)
{
    char wanted[128];

    ck_assert_str_eq(parse_top(""), "");
    with_host("limits:\n  duraton: 2s\n");
    ck_assert_int_eq(last_result, -EINVAL);
    snprintf(wanted, sizeof(wanted), "%s:2:3: unknown key \"duraton\" in limits", host_path);
    ck_assert_has(errors_text, wanted);
    ck_assert_str_eq(with_host(""), "");
    ck_assert_has(with_host("limit: {}\n"), "unknown key \"limit\" in the host's file");
}
END_TEST

START_TEST(a_file_of_the_host_that_cannot_be_read_is_an_error)
{
    struct diag *diag = diag_new("f");

    ck_assert_str_eq(parse_top(""), "");
    setenv(LIMITS_VARIABLE, "/nowhere/at/all.yml", 1);
    ck_assert_int_eq(limits_load_host(loaded, diag), -EINVAL);
    unsetenv(LIMITS_VARIABLE);
    diag_free(diag);
}
END_TEST

/* What anybody could have written limits nobody: as root both halves are tried, as somebody else the second.
 */
START_TEST(the_file_of_the_host_is_roots_and_nobody_elses_to_write)
{
    char path[] = "/tmp/chaosctl-limits-XXXXXX";
    int fd = mkstemp(path);
    struct diag *diag = diag_new(path);
    char *text = NULL;
    size_t len = 0;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fchmod(fd, 0644), 0);
    ck_assert_int_eq(source_read(path, true, diag, &text, &len), getuid() ? -EPERM : 0);
    free(text);
    ck_assert_int_eq(fchmod(fd, 0664), 0);
    ck_assert_int_eq(source_read(path, true, diag, &text, &len), -EPERM);
    ck_assert_int_eq(fchmod(fd, 0602), 0);
    ck_assert_int_eq(source_read(path, true, diag, &text, &len), -EPERM);
    if (!getuid()) {
        ck_assert_int_eq(fchmod(fd, 0600), 0);
        ck_assert_int_eq(fchown(fd, 65534, 65534), 0);
        ck_assert_int_eq(source_read(path, true, diag, &text, &len), -EPERM);
    }
    close(fd);
    unlink(path);
    diag_free(diag);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *c = new_case(suite, "limits");

    tcase_add_loop_test(c, what_exceeds_a_limit_is_named_with_the_rule, 0, ROWS(rows));
    tcase_add_loop_test(c, a_fault_is_held_against_each_limit, 0, ROWS(faults));
    tcase_add_test(c, faults_in_more_services_than_allowed_are_an_error);
    tcase_add_loop_test(c, hours_are_a_part_of_the_week, 0, ROWS(moments));
    tcase_add_loop_test(c, what_is_no_part_of_the_week_is_refused, 0, ROWS(no_hours));
    tcase_add_test(c, a_moment_outside_of_all_hours_is_refused);
    tcase_add_test(c, a_user_who_is_not_named_is_refused);
    tcase_add_test(c, a_scenario_does_not_loosen_the_limits_of_the_host);
    tcase_add_test(c, an_error_in_the_file_of_the_host_is_named_there);
    tcase_add_test(c, the_file_of_the_host_is_roots_and_nobody_elses_to_write);
    tcase_add_test(c, a_file_of_the_host_that_cannot_be_read_is_an_error);
    return check_main(suite);
}

/* The control area from the orchestrator's side: folder, lease, rules, members, state. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/control.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/state.h"
#include "check_main.h"

static char folder[64];
static struct control *control;
static const struct target targets[] = {{.kind = TARGET_NAME, .bit = 0, .text = "a"},
                                        {.kind = TARGET_NAME, .bit = 1, .text = "b", .port = 5}};
static const struct dependency dependencies[] = {{.name = "a", .targets = targets, .targets_count = 1},
                                                 {.name = "b", .targets = targets + 1, .targets_count = 1}};
static const struct service services[] = {{.name = "web"}, {.name = "guest", .join = true}};
static const struct scenario scenario = {
    .dependencies = dependencies, .dependencies_count = 2, .services = services, .services_count = 2};

static void make_folder(void)
{
    strcpy(folder, "/tmp/chaosctl-unit-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("XDG_RUNTIME_DIR", folder, 1);
}

static void remove_folder(void)
{
    char command[96];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void set_up(void)
{
    make_folder();
    ck_assert_int_eq(control_new(&control), 0);
    ck_assert_int_eq(control_fresh(control, &scenario, 1), 0);
}

static void tear_down(void)
{
    control_free(control, false);
    remove_folder();
}

static bool has_mode(const char *path, mode_t mode)
{
    struct stat st;

    return !lstat(path, &st) && (st.st_mode & 07777) == mode && st.st_uid == geteuid();
}

/* --- the folder --- */

static const char *base_path(void)
{
    static char path[96];

    snprintf(path, sizeof(path), "%s/chaosctl", folder);
    return path;
}

START_TEST(a_folder_that_others_may_enter_is_refused)
{
    ck_assert_int_eq(mkdir(base_path(), 0700), 0);
    chmod(base_path(), 0755);
    ck_assert_int_eq(control_new(&control), -EACCES);
    chmod(base_path(), 0700);
    ck_assert_int_eq(control_new(&control), 0);
    control_free(control, false);
}
END_TEST

START_TEST(a_link_is_refused)
{
    char target[80];

    snprintf(target, sizeof(target), "%s/elsewhere", folder);
    ck_assert_int_eq(mkdir(target, 0700), 0);
    ck_assert_int_eq(symlink(target, base_path()), 0);
    int error = control_new(&control);
    ck_assert(error == -ENOTDIR || error == -ELOOP);
}
END_TEST

START_TEST(another_users_folder_is_refused)
{
    if (geteuid())
        return;
    ck_assert_int_eq(mkdir(base_path(), 0700), 0);
    ck_assert_int_eq(chown(base_path(), 65534, 65534), 0);
    ck_assert_int_eq(control_new(&control), -EPERM);
}
END_TEST

START_TEST(another_users_runtime_folder_is_not_used)
{
    char *path = NULL, wanted[64];

    if (geteuid())
        return;
    ck_assert_int_eq(chown(folder, 65534, 65534), 0);
    ck_assert_int_eq(control_base(&path), 0);
    snprintf(wanted, sizeof(wanted), "/tmp/chaosctl-%u", (unsigned)geteuid());
    ck_assert_str_eq(path, wanted);
    free(path);
}
END_TEST

START_TEST(a_hostile_umask_changes_nothing)
{
    mode_t before = umask(0777);

    ck_assert_int_eq(control_new(&control), 0);
    ck_assert_int_eq(control_fresh(control, &scenario, 0), 0);
    umask(before);
    ck_assert(has_mode(base_path(), 0700));
    ck_assert(has_mode(control_folder(control), 0700));
    ck_assert(has_mode(control_path(control), 0600));
    control_free(control, false);
}
END_TEST

START_TEST(two_runs_do_not_meet)
{
    struct control *other;
    char path[256];

    ck_assert_int_eq(control_new(&control), 0);
    ck_assert_int_eq(control_new(&other), 0);
    ck_assert_str_ne(control_run(control), control_run(other));
    snprintf(path, sizeof(path), "%s", control_folder(other));
    control_free(control, false);
    ck_assert_int_eq(access(path, F_OK), 0);
    control_free(other, true);
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

/* --- the file --- */

START_TEST(a_fresh_area_is_valid_private_and_knows_the_targets)
{
    struct table *table = control_table(control);
    struct stat st;

    ck_assert(has_mode(control_folder(control), 0700));
    ck_assert(has_mode(control_path(control), 0600));
    ck_assert(!stat(control_path(control), &st));
    ck_assert(table_is_valid(table, (uint64_t)st.st_size));
    ck_assert_uint_eq(table->target_count, 2);
    ck_assert_str_eq(table->targets[1].text, "b");
    ck_assert_uint_eq(table->armed[CALL_connect], 1);
}
END_TEST

START_TEST(an_earlier_cells_area_is_dead_when_the_next_begins)
{
    char path[256];

    snprintf(path, sizeof(path), "%s", control_path(control));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct table *straggler = mmap(NULL, sizeof(*straggler), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    control_renew(control, NS_PER_S);
    ck_assert_uint_ne(straggler->lease_ns, 0);
    ck_assert_int_eq(control_fresh(control, &scenario, 0), 0);
    ck_assert_uint_eq(straggler->lease_ns, 0);
    ck_assert_str_ne(control_path(control), path);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(freeing_removes_the_folder_with_all_in_it)
{
    char path[256], log[300];

    snprintf(path, sizeof(path), "%s", control_folder(control));
    snprintf(log, sizeof(log), "%s/logs/web.log", path);
    close(open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    control_free(control, false);
    ck_assert_int_ne(access(path, F_OK), 0);
    control = NULL;
}
END_TEST

START_TEST(too_many_addresses_are_refused)
{
    static struct target many[TARGET_MAX + 1];
    struct dependency d = {.name = "many", .targets = many, .targets_count = TARGET_MAX + 1};
    struct scenario big = {.dependencies = &d, .dependencies_count = 1};

    ck_assert_int_eq(control_fresh(control, &big, 0), -E2BIG);
}
END_TEST

/* --- lease --- */

START_TEST(a_renewal_tells_how_long_the_lease_had_lapsed)
{
    struct table *table = control_table(control);

    ck_assert_uint_eq(control_renew(control, NS_PER_S), 0);
    ck_assert_uint_eq(control_renew(control, NS_PER_S), 0);
    table->lease_ns = now_mono_ns() - NS_PER_S;
    uint64_t lapsed = control_renew(control, NS_PER_S);
    ck_assert_uint_ge(lapsed, NS_PER_S);
    ck_assert_uint_lt(lapsed, 10 * NS_PER_S);
    ck_assert_uint_gt(table->lease_ns, now_mono_ns());
}
END_TEST

static void *wait_on_epoch(void *arg)
{
    struct table *table = arg;
    struct timespec limit = {.tv_sec = 10};

    return (void *)(uintptr_t)syscall(SYS_futex, &table->epoch, FUTEX_WAIT, table->epoch, &limit, NULL, 0);
}

static void expire(void)
{
    control_expire(control);
}

static void lift(void)
{
    control_lift(control, 0);
}

/* The waiter is given time to fall asleep; if it has not, FUTEX_WAIT returns for the changed epoch at once.
 */
START_TEST(whoever_waits_is_woken_by_lift_and_expiry)
{
    void (*const wakers[])(void) = {expire, lift};
    struct rule rule = {.calls = 1, .targets = 1};
    pthread_t thread;

    control_arm(control, &rule, NULL);
    uint64_t before = now_mono_ns();
    pthread_create(&thread, NULL, wait_on_epoch, control_table(control));
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    wakers[_i]();
    pthread_join(thread, NULL);
    ck_assert_uint_lt(now_mono_ns() - before, 5 * NS_PER_S);
}
END_TEST

/* --- rules --- */

static struct fault fault_of(enum fault_kind kind)
{
    return (struct fault){.kind = kind,
                          .service = -1,
                          .call = CALL_COUNT,
                          .size_max = UINT64_MAX,
                          .probability = 1,
                          .every = 1,
                          .times = RULE_ENDLESS,
                          .for_ns = RULE_ENDLESS};
}

static struct rule rule_of(const struct fault *fault)
{
    struct rule rule;

    control_rule(fault, 0, 42, 1000, &rule);
    return rule;
}

START_TEST(a_rule_has_its_faults_effect_and_error)
{
    static const struct {
        enum fault_kind kind;
        int effect, error;
    } rows[] = {
        {FAULT_refuse, EFFECT_REFUSE, ECONNREFUSED},
        {FAULT_unreachable, EFFECT_FAIL, EHOSTUNREACH},
        {FAULT_outage, EFFECT_OUTAGE, 0},
        {FAULT_reset, EFFECT_RESET, ECONNRESET},
        {FAULT_oom, EFFECT_FAIL, ENOMEM},
        {FAULT_latency, EFFECT_HOLD, 0},
        {FAULT_bandwidth, EFFECT_HOLD, 0},
        {FAULT_blackhole, EFFECT_HOLD, 0},
        {FAULT_truncate, EFFECT_TRUNCATE, 0},
        {FAULT_slice, EFFECT_SLICE, 0},
        {FAULT_corrupt, EFFECT_CORRUPT, 0},
        {FAULT_loss, EFFECT_LOSE, 0},
        {FAULT_duplicate, EFFECT_DUPLICATE, 0},
        {FAULT_reorder, EFFECT_REORDER, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fault fault = fault_of(rows[i].kind);
        struct rule rule = rule_of(&fault);
        ck_assert_int_eq(rule.effect, rows[i].effect);
        ck_assert_int_eq(rule.error, rows[i].error);
        ck_assert(rule.calls == fault_calls(rows[i].kind));
    }
}
END_TEST

START_TEST(a_reset_that_waits_is_asked_for_at_every_look)
{
    struct fault fault = fault_of(FAULT_reset);

    fault.bytes = 1024;
    struct rule rule = rule_of(&fault);
    ck_assert_int_eq(rule.effect, EFFECT_SEVER);
    ck_assert_uint_eq(rule.bytes, 1024);
    ck_assert(rule.calls & call_bit(CALL_epoll_wait) && rule.calls & call_bit(CALL_send));
    ck_assert(!control_resets(&fault));
    fault.bytes = 0;
    fault.age_ns = 5;
    ck_assert_uint_eq(rule_of(&fault).age_ns, 5);
    ck_assert(!control_resets(&fault));
    fault.age_ns = 0;
    ck_assert(control_resets(&fault));
}
END_TEST

START_TEST(a_name_fails_or_is_slow_by_its_mode)
{
    static const struct {
        enum dns_mode mode;
        int effect, error;
        uint64_t delay_ns;
    } rows[] = {{DNS_NXDOMAIN, EFFECT_FAIL, EAI_NONAME, 0},
                {DNS_SERVFAIL, EFFECT_FAIL, EAI_AGAIN, 0},
                {DNS_TIMEOUT, EFFECT_FAIL, EAI_AGAIN, 77},
                {DNS_SLOW, EFFECT_WAIT, 0, 77}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fault fault = fault_of(FAULT_dns);
        fault.dns_mode = rows[i].mode;
        fault.delay_ns = 77;
        struct rule rule = rule_of(&fault);
        ck_assert_int_eq(rule.effect, rows[i].effect);
        ck_assert_int_eq(rule.error, rows[i].error);
        ck_assert_uint_eq(rule.delay_ns, rows[i].delay_ns);
    }
}
END_TEST

START_TEST(a_rule_has_what_its_stream_fault_says)
{
    struct fault fault = fault_of(FAULT_latency);

    fault.delay_ns = 100;
    fault.jitter_ns = 20;
    fault.distribution = DISTRIBUTION_PARETO;
    fault.rate_per_s = 30;
    fault.bytes = 40;
    struct rule rule = rule_of(&fault);
    ck_assert_uint_eq(rule.delay_ns, 100);
    ck_assert_uint_eq(rule.jitter_ns, 20);
    ck_assert_int_eq(rule.distribution, DISTRIBUTION_PARETO);
    ck_assert_uint_eq(rule.rate_per_s, 30);
    ck_assert_uint_eq(rule.bytes, 40);
}
END_TEST

START_TEST(only_a_black_hole_is_endless)
{
    for (int kind = 0; kind < FAULT_COUNT; kind++) {
        struct fault fault = fault_of((enum fault_kind)kind);
        ck_assert_int_eq(rule_of(&fault).endless, kind == FAULT_blackhole);
    }
}
END_TEST

START_TEST(a_call_fault_strikes_its_call_alone)
{
    struct fault fault = fault_of(FAULT_error);

    fault.call = CALL_recv;
    fault.error = ETIMEDOUT;
    struct rule rule = rule_of(&fault);
    ck_assert(rule.calls == call_bit(CALL_recv));
    ck_assert_int_eq(rule.error, ETIMEDOUT);
}
END_TEST

START_TEST(a_named_target_means_outbound_unless_said)
{
    struct fault fault = fault_of(FAULT_reset);

    ck_assert_int_eq(rule_of(&fault).direction, DIRECTION_ANY);
    fault.targets = 2;
    ck_assert_int_eq(rule_of(&fault).direction, DIRECTION_OUTBOUND);
    fault.direction = DIRECTION_INBOUND;
    ck_assert_int_eq(rule_of(&fault).direction, DIRECTION_INBOUND);
}
END_TEST

START_TEST(a_rules_window_counts_from_the_injection)
{
    struct fault fault = fault_of(FAULT_refuse);

    fault.start_ns = 50;
    ck_assert_uint_eq(rule_of(&fault).from_ns, 1050);
    ck_assert_uint_eq(rule_of(&fault).until_ns, UINT64_MAX);
    fault.for_ns = 7;
    ck_assert_uint_eq(rule_of(&fault).until_ns, 1057);
}
END_TEST

START_TEST(a_rule_is_sealed_and_its_seed_is_its_own)
{
    struct fault fault = fault_of(FAULT_refuse);
    struct rule first, second;

    fault.times = 1;
    fault.after = 3;
    fault.service = 4;
    fault.probability = 0.5;
    control_rule(&fault, 0, 42, 0, &first);
    control_rule(&fault, 1, 42, 0, &second);
    ck_assert(first.seed != second.seed);
    ck_assert(rule_strikes(&first, first.last));
    ck_assert_uint_eq(first.services, 1 << 4);
    ck_assert_uint_eq(first.probability, RULE_ALWAYS / 2);
}
END_TEST

/* --- what processes report --- */

static uint64_t seen[8];
static size_t seen_count;

static void see(void *arg, const struct record *record)
{
    (void)arg;
    if (seen_count < 8)
        seen[seen_count++] = record->number;
}

START_TEST(records_are_drained_and_a_dead_writers_place_is_given_up_after_a_second)
{
    struct ring *ring = &control_table(control)->ring;
    struct record record = {.number = 1};

    ring_put(ring, &record);
    atomic_fetch_add(&ring->head, 2); /* two writers that died */
    record.number = 2;
    ring_put(ring, &record);
    ck_assert_uint_eq(control_drain(control, see, NULL), 1);
    ck_assert_uint_eq(control_drain(control, see, NULL), 0);
    uint64_t until = now_mono_ns() + 5 * NS_PER_S;
    while (seen_count < 2 && now_mono_ns() < until) {
        control_drain(control, see, NULL);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    ck_assert_uint_eq(seen_count, 2);
    ck_assert_uint_eq(seen[1], 2);
    ck_assert_uint_eq(ring->dropped, 2);
    ck_assert_uint_gt(now_mono_ns(), until - 4500 * NS_PER_MS);
}
END_TEST

static void join(size_t slot, pid_t pid, uint32_t service)
{
    struct table *table = control_table(control);

    table->slots[slot].pid = (uint32_t)pid;
    table->slots[slot].service = service;
    table->slots[slot].joined_ns = 1;
}

static pid_t dead_pid(void)
{
    pid_t pid = fork();

    if (!pid)
        _exit(0);
    waitpid(pid, NULL, 0);
    return pid;
}

START_TEST(members_are_found_and_the_dead_are_swept)
{
    pid_t dead = dead_pid(), pids[4];
    uint32_t service;

    join(3, getpid(), 1);
    join(9, dead, 0);
    ck_assert_int_eq(control_member(control, getpid(), &service), 0);
    ck_assert_uint_eq(service, 1);
    ck_assert_uint_eq(control_members(control, -1, pids, 4), 2);
    ck_assert_uint_eq(control_members(control, 1, pids, 4), 1);
    ck_assert_int_eq(pids[0], getpid());
    ck_assert_uint_eq(control_sweep(control), 1);
    ck_assert_int_eq(control_member(control, dead, &service), -ENOENT);
}
END_TEST

START_TEST(a_slot_that_is_half_written_is_no_member)
{
    uint32_t service;

    join(0, getpid(), 1);
    control_table(control)->slots[0].joined_ns = 0;
    ck_assert_int_eq(control_member(control, getpid(), &service), -ENOENT);
}
END_TEST

START_TEST(the_kernel_tells_who_has_mapped_the_area)
{
    ck_assert(control_is_mapped_by(control, getpid()));
    ck_assert(!control_is_mapped_by(control, getppid()));
}
END_TEST

/* --- environment --- */

START_TEST(the_shim_comes_behind_what_there_is_and_once)
{
    static const struct {
        const char *theirs, *wanted;
    } rows[] = {{NULL, "/x/shim.so"},
                {"", "/x/shim.so"},
                {"/a.so", "/a.so:/x/shim.so"},
                {"/a.so /b.so", "/a.so /b.so:/x/shim.so"},
                {"/x/shim.so:/a.so", "/x/shim.so:/a.so"},
                {"/x/shim.so.1", "/x/shim.so.1:/x/shim.so"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char *value = control_preload(rows[i].theirs, "/x/shim.so");
        ck_assert_str_eq(value, rows[i].wanted);
        free(value);
    }
}
END_TEST

static void place_shim(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    setenv("CHAOSCTL_SHIM", path, 1);
}

START_TEST(a_shim_that_cannot_be_preloaded_is_an_error_with_words)
{
    struct pair env[CONTROL_ENV];
    struct buf why = {0};

    place_shim("with space.so");
    ck_assert_int_eq(control_env(control, 0, env), -EINVAL);
    control_explain(-EINVAL, &why);
    ck_assert_ptr_nonnull(strstr(buf_text(&why), "space"));
    buf_free(&why);
    setenv("CHAOSCTL_SHIM", "/nonexistent.so", 1);
    ck_assert_int_eq(control_env(control, 0, env), -ENOENT);
}
END_TEST

START_TEST(the_variables_name_area_and_service)
{
    struct pair env[CONTROL_ENV], other[CONTROL_ENV];

    place_shim("shim.so");
    unsetenv("LD_PRELOAD");
    ck_assert_int_eq(control_env(control, 7, env), 0);
    ck_assert_int_eq(control_env(control, -1, other), 0);
    ck_assert_str_eq(env[0].value, getenv("CHAOSCTL_SHIM"));
    ck_assert_str_eq(env[1].value, control_path(control));
    ck_assert_str_eq(env[2].value, "7");
    ck_assert_str_eq(other[2].value, "");
    ck_assert_int_eq(control_env(control, SERVICE_MAX, env), -ERANGE);
}
END_TEST

/* --- state --- */

START_TEST(the_state_tells_others_what_runs)
{
    struct arena *arena = arena_new();
    struct state *states;
    size_t count;

    control_note_service(control, 0, getpid());
    ck_assert_int_eq(state_list(base_path(), arena, &states, &count), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(states[0].run, control_run(control));
    ck_assert_str_eq(states[0].control, control_path(control));
    ck_assert(state_is_alive(&states[0]));
    ck_assert_uint_eq(states[0].services_count, 2);
    ck_assert_str_eq(states[0].services[0].name, "web");
    ck_assert_int_eq(states[0].services[0].pid, getpid());
    ck_assert_uint_eq(states[0].services[0].birth, process_birth(getpid()));
    ck_assert(states[0].services[1].join);
    states[0].birth++;
    ck_assert(!state_is_alive(&states[0]));
    arena_free(arena);
}
END_TEST

START_TEST(a_broken_state_is_passed_over)
{
    struct arena *arena = arena_new();
    struct state state;
    char path[300];

    snprintf(path, sizeof(path), "%s/state.json", control_folder(control));
    FILE *file = fopen(path, "w");
    fputs("{\"run\": 1}", file);
    fclose(file);
    ck_assert_int_eq(state_read(base_path(), control_run(control), arena, &state), -EBADMSG);
    ck_assert_int_eq(state_read(base_path(), "..", arena, &state), -ENOENT);
    ck_assert_int_eq(state_read(base_path(), "no-such-run", arena, &state), -ENOENT);
    arena_free(arena);
}
END_TEST

static void add_tests(Suite *suite)
{
    TCase *folders = tcase_create("folder"), *areas = tcase_create("area");

    tcase_add_checked_fixture(folders, make_folder, remove_folder);
    tcase_add_test(folders, a_folder_that_others_may_enter_is_refused);
    tcase_add_test(folders, a_link_is_refused);
    tcase_add_test(folders, another_users_folder_is_refused);
    tcase_add_test(folders, another_users_runtime_folder_is_not_used);
    tcase_add_test(folders, a_hostile_umask_changes_nothing);
    tcase_add_test(folders, two_runs_do_not_meet);
    suite_add_tcase(suite, folders);
    tcase_add_checked_fixture(areas, set_up, tear_down);
    tcase_set_timeout(areas, 20);
    tcase_add_test(areas, a_fresh_area_is_valid_private_and_knows_the_targets);
    tcase_add_test(areas, an_earlier_cells_area_is_dead_when_the_next_begins);
    tcase_add_test(areas, freeing_removes_the_folder_with_all_in_it);
    tcase_add_test(areas, too_many_addresses_are_refused);
    tcase_add_test(areas, a_renewal_tells_how_long_the_lease_had_lapsed);
    tcase_add_loop_test(areas, whoever_waits_is_woken_by_lift_and_expiry, 0, 2);
    tcase_add_test(areas, a_rule_has_its_faults_effect_and_error);
    tcase_add_test(areas, a_reset_that_waits_is_asked_for_at_every_look);
    tcase_add_test(areas, a_name_fails_or_is_slow_by_its_mode);
    tcase_add_test(areas, a_rule_has_what_its_stream_fault_says);
    tcase_add_test(areas, only_a_black_hole_is_endless);
    tcase_add_test(areas, a_call_fault_strikes_its_call_alone);
    tcase_add_test(areas, a_named_target_means_outbound_unless_said);
    tcase_add_test(areas, a_rules_window_counts_from_the_injection);
    tcase_add_test(areas, a_rule_is_sealed_and_its_seed_is_its_own);
    tcase_add_test(areas, records_are_drained_and_a_dead_writers_place_is_given_up_after_a_second);
    tcase_add_test(areas, members_are_found_and_the_dead_are_swept);
    tcase_add_test(areas, a_slot_that_is_half_written_is_no_member);
    tcase_add_test(areas, the_kernel_tells_who_has_mapped_the_area);
    tcase_add_test(areas, the_shim_comes_behind_what_there_is_and_once);
    tcase_add_test(areas, a_shim_that_cannot_be_preloaded_is_an_error_with_words);
    tcase_add_test(areas, the_variables_name_area_and_service);
    tcase_add_test(areas, the_state_tells_others_what_runs);
    tcase_add_test(areas, a_broken_state_is_passed_over);
    suite_add_tcase(suite, areas);
}

int main(void)
{
    Suite *suite = suite_create("control");

    add_tests(suite);
    return check_main(suite);
}

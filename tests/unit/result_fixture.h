/* One run with everything in it, for the tests of journal and reports: every field set, every verdict but
 * one, every outcome, every answer. */
#ifndef UNIT_RESULT_FIXTURE_H
#define UNIT_RESULT_FIXTURE_H

#include "chaosctl/base/clock.h"
#include "chaosctl/run/result.h"

#define MS(n) ((n)*NS_PER_MS)

static const struct check_result held_checks[] = {
    {PHASE_BASELINE,
     "load browse",
     "success >= 99%, p95 < 300ms",
     "success is 100%, p95 is 12 ms",
     OUTCOME_HELD,
     500,
     {22, 5}},
    {PHASE_DURING,
     "load browse",
     "success >= 99%, p95 < 800ms",
     "success is 99.99%, p95 is 310 ms",
     OUTCOME_HELD,
     10000,
     {31, 9}},
    {PHASE_AFTER,
     "exec redis-cli -p 6390 ping",
     "exit 0, stdout ^PONG",
     "exit is 0",
     OUTCOME_HELD,
     1,
     {36, 12}},
};
static const struct check_result failed_checks[] = {
    {PHASE_BASELINE, "load browse", "success >= 99%", "success is 100%", OUTCOME_HELD, 500, {22, 5}},
    {PHASE_DURING,
     "load browse",
     "success >= 99%, p95 < 800ms",
     "success is 71.2%, p95 is 2 s; mostly: timed out after 2 s",
     OUTCOME_FAILED,
     400,
     {43, 9}},
    {PHASE_DURING,
     "probe item",
     "status 200, body \"recs_source\":\"cached\"",
     "status is 500; body is <h1>Internal | Server Error</h1>",
     OUTCOME_FAILED,
     7,
     {44, 9}},
    {PHASE_AFTER, "exec redis-cli -p 6390 ping", "exit 0", NULL, OUTCOME_NOT_RUN, 0, {45, 9}},
};
static const struct check_result unknown_checks[] = {
    {PHASE_DURING, "load browse", "p95 < 800ms", "12 samples, 50 are needed", OUTCOME_UNKNOWN, 12, {50, 9}},
};
static const struct fault_result hit_faults[] = {
    {"outage cache", "outage", 5, 3, 0, 0, ">= 1", true, false, {30, 14}},
    {"kill shop", "kill", 1, 1, 0, 0, ">= 1", true, false, {30, 40}},
};
static const struct fault_result some_faults[] = {
    {"refuse recs, 50%", "refuse", 84, 40, 2, 0, ">= 1", true, false, {40, 11}},
};
static const struct fault_result unhit_faults[] = {
    {"delay send, 200 ms", "delay", 0, 0, 0, 0, ">= 1", false, true, {48, 14}},
    {"reset cache", "reset", 9, 1, 3, 0, ">= 2", false, false, {48, 40}},
};
static const struct load_result good_loads[] = {
    {"browse", PHASE_BASELINE, 500, 0, 100, MS(3), MS(12), MS(20), MS(41), NULL},
    {"browse", PHASE_DURING, 10000, 1, 99.99, MS(9), MS(310), MS(640), MS(800), "connection reset by peer"},
    {"browse", PHASE_RECOVERY, 250, 0, 100, MS(3), MS(14), MS(22), MS(30), NULL},
};
static const struct load_result bad_loads[] = {
    {"browse", PHASE_BASELINE, 500, 0, 100, MS(3), MS(12), MS(20), MS(41), NULL},
    {"check out with a long name", PHASE_BASELINE, 50, 0, 100, MS(30), MS(42), MS(60), MS(61), NULL},
    {"browse", PHASE_DURING, 400, 115, 71.25, MS(1250), MS(2000), MS(2000), MS(2001), "timed out after 2 s"},
    {"check out with a long name", PHASE_DURING, 0, 0, 0, 0, 0, 0, 0, NULL},
    {"browse", PHASE_RECOVERY, 300, 3, 99, MS(3), MS(15), MS(31), MS(55), "HTTP status 503"},
};

static const struct deed some_deeds[] = {
    {"inject", "latency cache 200 ms", "latency:target=cache,delay=200ms", 3, MS(1200), MS(30000), UINT64_MAX,
     1000, 4711, "ann", "/dev/pts/3"},
    {"note", "the <shop> is slow", NULL, 0, MS(1900), 0, 0, 1000, 4720, "ann", NULL},
    {"end", "latency cache 200 ms", NULL, 3, MS(4000), 0, 0, 0, 0, NULL, NULL},
};

static const struct cell_result fixture_cells[] = {
    {
        .experiment = "redis-down",
        .label = "",
        .hypothesis = "losing the cache costs latency, not availability",
        .verdict = VERDICT_PASS,
        .answers = 1u << QUESTION_RECOVER | 1u << QUESTION_UNDERSTAND | 1u << QUESTION_MONITOR,
        .seed = UINT64_MAX,
        .started_wall_ns = UINT64_C(1700000001000000000),
        .duration_ns = MS(12345),
        .phase_ns = {MS(200), MS(1000), MS(1), MS(10000), MS(1), MS(340), MS(3), MS(2), MS(798)},
        .recovery_measured = true,
        .recovery_ns = MS(340),
        .recovery_within_ns = MS(5000),
        .checks = held_checks,
        .checks_count = 3,
        .faults = hit_faults,
        .faults_count = 2,
        .loads = good_loads,
        .loads_count = 3,
        .at = {27, 5},
    },
    {
        .experiment = "recs-fail",
        .label = "dep=recs, refuse recs",
        .hypothesis = "the cached recommendations are served",
        .verdict = VERDICT_REFUTED,
        .reason = "2 checks failed while the fault was there",
        .answers = 1u << QUESTION_RECOVER,
        .seed = 77,
        .started_wall_ns = UINT64_C(1700000014000000000),
        .duration_ns = MS(8100),
        .phase_ns = {[PHASE_DURING] = MS(5000), [PHASE_RECOVERY] = MS(3000)},
        .recovery_within_ns = MS(3000),
        .checks = failed_checks,
        .checks_count = 4,
        .faults = some_faults,
        .faults_count = 1,
        .loads = bad_loads,
        .loads_count = 5,
        .deeds = some_deeds,
        .deeds_count = 3,
        .dropped = 12,
        .at = {38, 5},
    },
    {
        .experiment = "slow-send",
        .label = "",
        .verdict = VERDICT_INCONCLUSIVE,
        .reason = "a fault did not land: delay send, 200 ms; nothing called it",
        .answers = 1u << QUESTION_MONITOR | 1u << QUESTION_SCALE,
        .seed = 78,
        .started_wall_ns = UINT64_C(1700000023000000000),
        .duration_ns = MS(2500),
        .checks = unknown_checks,
        .checks_count = 1,
        .faults = unhit_faults,
        .faults_count = 2,
        .at = {47, 5},
    },
    {
        .experiment = "fan-out",
        .label = "dep=cache",
        .verdict = VERDICT_STOPPED,
        .reason = "stop_when: service shop is not alive",
        .seed = 79,
        .started_wall_ns = UINT64_C(1700000026000000000),
        .duration_ns = MS(450),
        .at = {53, 5},
    },
};

static const struct run_result fixture = {
    .run = "20231114-a1b2c3",
    .scenario = "shop survives its dependencies",
    .file = "scenarios/shop.yml",
    .version = "0.1.0",
    .journal = "/var/lib/ci/shop.jsonl",
    .host = "build-7",
    .seed = 42,
    .started_wall_ns = UINT64_C(1700000000123000000),
    .duration_ns = MS(27500),
    .verdict = VERDICT_STOPPED,
    .reason = "fan-out was stopped",
    .notice = "webhook: 2 of 61 events were not delivered: <timed out> after 5 s",
    .complete = true,
    .cells = fixture_cells,
    .cells_count = 4,
    .cells_planned = 5,
};

#endif

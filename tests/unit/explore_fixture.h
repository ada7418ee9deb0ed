/* What exploring found in a program that nobody has: a defect of each state, places of each kind.  For the
 * tests of reports. */
#ifndef UNIT_EXPLORE_FIXTURE_H
#define UNIT_EXPLORE_FIXTURE_H

#include <signal.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/report/explore.h"

static const struct module jar = {"/opt/jar/bin/jar", "00ff"}, libc = {"/lib/libc.so.6", "abcd"},
                           lid = {"/opt/jar/lib/liblid.so.2", ""};

static const struct place crash_places[] = {
    {.function = "__strlen_avx2", .distance = 0x19, .is_foreign = true, .module = &libc, .address = 0x1564e9},
    {.function = "name_copy",
     .file = "src/name.c",
     .line = 31,
     .is_inlined = true,
     .module = &jar,
     .address = 0x1234},
    {.function = "jar_open", .file = "src/jar.c", .line = 88, .module = &jar, .address = 0x1234},
    {.function = "main", .file = "src/main.c", .line = 17, .module = &jar, .address = 0x1190},
};
static const struct place call_places[] = {
    {.function = "jar_open", .file = "src/jar.c", .line = 86, .module = &jar, .address = 0x1220},
    {.function = "main", .file = "src/main.c", .line = 17, .module = &jar, .address = 0x1190},
};
static const struct place bare_places[] = {
    {.function = "lid_write", .distance = 0x42, .module = &lid, .address = 0x9042},
    {.module = &jar, .address = 0x2000},
};

static const struct point fixture_points[] = {
    {.id = "p1a2b", .call = "malloc", .error = "ENOMEM", .occurrence = 1},
    {.id = "p3c4d", .call = "write", .error = "ENOSPC", .occurrence = 2, .about = "standard output"},
    {.id = "p5e6f", .call = "open", .error = "EACCES", .occurrence = 1, .is_persistent = true},
    {.id = "p7788", .call = "read", .error = "EIO", .occurrence = 9},
    {.id = "p9999", .call = "mmap", .error = "ENOMEM", .occurrence = 1},
};
static const struct finding fixture_findings[] = {
    {.point = &fixture_points[0],
     .outcome = ENDING_SEGV,
     .signal = SIGSEGV,
     .crash = {.depth = 3},
     .is_confirmed = true},
    {.point = &fixture_points[1],
     .outcome = ENDING_OUTPUT,
     .detail = "standard output: 12 bytes, not 120",
     .is_confirmed = true},
    {.point = &fixture_points[2], .outcome = ENDING_HANG, .is_confirmed = true},
    {.point = &fixture_points[3],
     .outcome = ENDING_LEAK_FD,
     .detail = "4 descriptors, not 3",
     .is_confirmed = true},
    {.point = &fixture_points[4], .outcome = ENDING_ASSERT, .signal = SIGABRT},
};

static const struct suppression fixture_suppression = {
    .function = "jar_*", .reason = "reported as #12", .until = "2027-01-31"};

static struct defect fixture_defects[] = {
    {.id = 0x0123456789abcdef,
     .finding = &fixture_findings[0],
     .points = 3,
     .injected = {call_places, 2, 0, false},
     .crash = {crash_places, 4, 1, false},
     .at = &crash_places[1],
     .state = DEFECT_NEW},
    {.id = 2,
     .finding = &fixture_findings[1],
     .points = 1,
     .injected = {bare_places, 2, 0, true},
     .at = &bare_places[0],
     .state = DEFECT_NEW},
    {.id = 3,
     .finding = &fixture_findings[2],
     .points = 1,
     .injected = {call_places, 2, 0, false},
     .at = &call_places[0],
     .state = DEFECT_KNOWN},
    {.id = 4,
     .finding = &fixture_findings[3],
     .points = 2,
     .injected = {call_places, 2, 0, false},
     .at = &call_places[0],
     .state = DEFECT_SUPPRESSED,
     .suppression = &fixture_suppression},
    {.id = 5, .finding = &fixture_findings[4], .points = 1, .state = DEFECT_UNCONFIRMED},
};

static char *const fixture_argv[] = {"jar", "--open", "the lid's.jar", NULL};
static const struct uncovered fixture_uncovered[] = {{"getdents64", 12}, {"statx", 3}};
static const char *const fixture_notes[] = {
    "standard output has the time of day in it: its digits are not compared"};

static const struct explore_result fixture_result = {
    .argv = fixture_argv,
    .program = "/opt/jar/bin/jar",
    .folder = "/srv/a jar",
    .clean_ns = 4 * NS_PER_MS,
    .took_ns = 1250 * NS_PER_MS,
    .points_count = 430,
    .explored_count = 412,
    .unexplored = {[UNEXPLORED_BUDGET] = 15, [UNEXPLORED_UNSTABLE] = 3},
    .outcomes = {[ENDING_SURVIVED] = 404, [ENDING_SEGV] = 3, [ENDING_OUTPUT] = 1, [ENDING_LEAK_FD] = 2},
    .runs = 40,
    .forks = 380,
    .uncovered = fixture_uncovered,
    .uncovered_count = 2,
    .notes = fixture_notes,
    .notes_count = 1,
};

static const struct defects fixture = {
    .result = &fixture_result,
    .items = fixture_defects,
    .count = 5,
    .counts = {[DEFECT_NEW] = 2, [DEFECT_KNOWN] = 1, [DEFECT_SUPPRESSED] = 1, [DEFECT_UNCONFIRMED] = 1},
    .has_baseline = true,
    .absent = 2,
};

#endif

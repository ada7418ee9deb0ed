/* The journal ring: nothing lost in silence, nothing doubled, nobody waited for. */
#include <pthread.h>
#include <stdlib.h>

#include "injectors/decision/ring.h"
#include "check_main.h"

#define WRITERS 4
#define EACH    50000

static struct ring *ring;

static void set_up(void)
{
    ring = calloc(1, sizeof(*ring));
    ring_init(ring);
}

static void tear_down(void)
{
    free(ring);
}

START_TEST(an_empty_ring_gives_nothing)
{
    struct record record;

    ck_assert(!ring_take(ring, &record));
    ck_assert(!ring_is_stuck(ring));
}
END_TEST

START_TEST(records_come_out_whole_and_in_order)
{
    struct record record = {0};

    for (uint64_t i = 0; i < 3 * RING_SIZE; i++) {
        record.number = i;
        record.pid = (uint32_t)i;
        ck_assert(ring_put(ring, &record));
        ck_assert(ring_take(ring, &record));
        ck_assert(record.number == i && record.pid == (uint32_t)i);
    }
}
END_TEST

START_TEST(a_full_ring_drops_and_counts)
{
    struct record record = {0};
    int taken = 0;

    for (int i = 0; i < RING_SIZE; i++)
        ck_assert(ring_put(ring, &record));
    for (int i = 0; i < 10; i++)
        ck_assert(!ring_put(ring, &record));
    ck_assert_uint_eq(ring->dropped, 10);
    while (ring_take(ring, &record))
        taken++;
    ck_assert_int_eq(taken, RING_SIZE);
    ck_assert(ring_put(ring, &record));
}
END_TEST

/* A writer that was killed between claiming and publishing. */
static void claim_and_die(void)
{
    atomic_fetch_add(&ring->head, 1);
}

START_TEST(a_dead_writers_place_is_skipped_and_counted)
{
    struct record record = {.number = 7};

    claim_and_die();
    ck_assert(ring_put(ring, &record));
    ck_assert(!ring_take(ring, &record));
    ck_assert(ring_is_stuck(ring));
    ring_skip(ring);
    ck_assert_uint_eq(ring->dropped, 1);
    ck_assert(ring_take(ring, &record));
    ck_assert_uint_eq(record.number, 7);
    for (int i = 0; i < 2 * RING_SIZE; i++)
        ck_assert(ring_put(ring, &record) && ring_take(ring, &record));
}
END_TEST

START_TEST(a_published_place_is_never_skipped)
{
    struct record record = {.number = 1};

    ck_assert(ring_put(ring, &record));
    ring_skip(ring);
    ck_assert(ring_take(ring, &record));
    ck_assert_uint_eq(ring->dropped, 0);
}
END_TEST

static void *write_each(void *arg)
{
    struct record record = {.tid = (uint32_t)(uintptr_t)arg};
    uint64_t refused = 0;

    for (record.number = 0; record.number < EACH; record.number++)
        refused += !ring_put(ring, &record);
    return (void *)(uintptr_t)refused;
}

/* Everything put is taken once, each writer's in its order; and what was not is counted. */
START_TEST(several_writers_lose_nothing_but_what_is_counted)
{
    pthread_t threads[WRITERS];
    uint64_t next[WRITERS] = {0}, taken = 0, refused = 0;
    struct record record;
    void *result;

    for (uintptr_t w = 0; w < WRITERS; w++)
        pthread_create(&threads[w], NULL, write_each, (void *)w);
    while (taken + ring->dropped < (uint64_t)WRITERS * EACH) {
        if (!ring_take(ring, &record))
            continue;
        ck_assert_uint_lt(record.tid, WRITERS);
        ck_assert_uint_ge(record.number, next[record.tid]);
        next[record.tid] = record.number + 1;
        taken++;
    }
    for (int w = 0; w < WRITERS; w++) {
        pthread_join(threads[w], &result);
        refused += (uintptr_t)result;
    }
    ck_assert_uint_eq(ring->dropped, refused);
    ck_assert(!ring_take(ring, &record));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ring");
    TCase *tests = tcase_create("ring");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_empty_ring_gives_nothing);
    tcase_add_test(tests, records_come_out_whole_and_in_order);
    tcase_add_test(tests, a_full_ring_drops_and_counts);
    tcase_add_test(tests, a_dead_writers_place_is_skipped_and_counted);
    tcase_add_test(tests, a_published_place_is_never_skipped);
    tcase_add_test(tests, several_writers_lose_nothing_but_what_is_counted);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}

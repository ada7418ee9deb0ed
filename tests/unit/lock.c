/* The shim's locks: whoever is only slow keeps his, and whoever is gone loses it. */
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "preload/clock.c"
#include "preload/lock.c"
#include "check_main.h"

struct real real = {.syscall = syscall};

#define ROUNDS 200000

static struct lock lock;
static sem_t is_held;
static _Atomic bool is_over;
static uint64_t sum;

static void set_up(void)
{
    lock = (struct lock){0};
    is_over = false;
    sem_init(&is_held, 0, 0);
}

static pthread_t began(void *(*body)(void *))
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, body, NULL), 0);
    return thread;
}

static void *add(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        lock_take(&lock);
        sum++;
        lock_give(&lock);
    }
    return unused;
}

START_TEST(one_at_a_time_has_it)
{
    pthread_t one = began(add), two = began(add);

    pthread_join(one, NULL);
    pthread_join(two, NULL);
    ck_assert_uint_eq(sum, 2 * ROUNDS);
    ck_assert_uint_eq(lock.holder, 0);
}
END_TEST

/* Half a second without a step, as on a busy machine. */
static void *be_slow(void *unused)
{
    lock_take(&lock);
    sem_post(&is_held);
    usleep(500000);
    is_over = true;
    lock_give(&lock);
    return unused;
}

START_TEST(a_slow_holder_keeps_it)
{
    pthread_t slow = began(be_slow);

    sem_wait(&is_held);
    errno = 4242;
    lock_take(&lock);
    ck_assert(is_over);
    ck_assert_int_eq(errno, 4242);
    lock_give(&lock);
    pthread_join(slow, NULL);
    ck_assert_uint_eq(lock.holder, 0);
}
END_TEST

/* It changes hands whenever it is looked at, but is never seen to be free: that is no long hold. */
START_TEST(a_hold_is_not_taken_for_the_next)
{
    struct hold hold = {0};

    lock_take(&lock);
    watch(&hold, &lock, lock.holder);
    ck_assert(is_the_same(&hold, &lock, lock.holder));
    lock_give(&lock);
    lock_take(&lock);
    ck_assert(!is_the_same(&hold, &lock, lock.holder));
    lock_give(&lock);
}
END_TEST

/* Its memory, and with it what lock_me tells, may be the next thread's. */
static void *be_gone(void *unused)
{
    lock_take(&lock);
    return unused;
}

START_TEST(who_is_gone_loses_it)
{
    pthread_join(began(be_gone), NULL);
    ck_assert_uint_ne(lock.holder, 0);
    lock_take(&lock);
    ck_assert_uint_eq(lock.holder, lock_me());
    lock_give(&lock);
}
END_TEST

START_TEST(time_alone_takes_nothing_away)
{
    struct hold stopped = {.holder = lock_me() + 64};

    ck_assert(!is_gone(&stopped, lock_me()));
    stopped.naps = PATIENCE_NAPS + 1;
    ck_assert(is_gone(&stopped, lock_me()));
}
END_TEST

START_TEST(who_comes_again_takes_it_at_once)
{
    struct hold own = {.holder = lock_me(), .since_ns = UINT64_MAX};

    ck_assert(is_gone(&own, lock_me()));
    lock_take(&lock);
    lock_take(&lock);
    lock_give(&lock);
    ck_assert_uint_eq(lock.holder, 0);
}
END_TEST

START_TEST(a_fork_leaves_it_behind)
{
    struct hold other = {.holder = lock_me() + 64, .since_ns = UINT64_MAX};

    ck_assert(!is_gone(&other, lock_me()));
    lock_forked();
    ck_assert(is_gone(&other, lock_me()));
}
END_TEST

START_TEST(who_lost_it_gives_nothing_away)
{
    lock.holder = lock_me() + 64;
    lock_give(&lock);
    ck_assert_uint_eq(lock.holder, lock_me() + 64);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lock");
    TCase *tests = tcase_create("lock");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, one_at_a_time_has_it);
    tcase_add_test(tests, a_slow_holder_keeps_it);
    tcase_add_test(tests, a_hold_is_not_taken_for_the_next);
    tcase_add_test(tests, who_is_gone_loses_it);
    tcase_add_test(tests, time_alone_takes_nothing_away);
    tcase_add_test(tests, who_comes_again_takes_it_at_once);
    tcase_add_test(tests, a_fork_leaves_it_behind);
    tcase_add_test(tests, who_lost_it_gives_nothing_away);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}

/* The shim's clock: the vDSO's where there is one, and right. */
#include <dlfcn.h>

#include "preload/clock.c"
#include "check_main.h"

static uint64_t libc_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void time_is_right(void)
{
    uint64_t before = libc_ns(), now = shim_now_ns(), after = libc_ns();

    ck_assert_uint_ge(now, before);
    ck_assert_uint_le(now, after);
}

START_TEST(the_kernel_tells_the_time_at_first)
{
    vdso_read = NULL;
    time_is_right();
}
END_TEST

/* The loader knows the vDSO as a library, by this name on x86 and arm64 (vdso(7)). */
static const void *function_of_loader(void)
{
    void *vdso = dlopen("linux-vdso.so.1", RTLD_NOW | RTLD_NOLOAD);
    const void *function = vdso ? dlsym(vdso, "__vdso_clock_gettime") : NULL;

    return vdso && !function ? dlsym(vdso, "__kernel_clock_gettime") : function;
}

START_TEST(the_vdso_is_found_where_the_loader_finds_it)
{
    const void *found;

    clock_find();
    memcpy(&found, (const void *)&vdso_read, sizeof(found));
    ck_assert_ptr_eq(found, function_of_loader());
    time_is_right();
}
END_TEST

START_TEST(what_is_no_image_is_not_read)
{
    static const ElfW(Ehdr) none;
    struct image image;

    ck_assert(!read_image(&none, &image));
}
END_TEST

/* A table for one bucket: its run begins at symbol 1, and ends with the odd hash. */
START_TEST(symbols_are_counted_by_their_hashes)
{
    uint32_t hash[4 + sizeof(ElfW(Addr)) / sizeof(uint32_t) + 4] = {1, 1, 1, 0};
    uint32_t *bucket = hash + 4 + sizeof(ElfW(Addr)) / sizeof(uint32_t);

    bucket[0] = 1;
    bucket[1] = 10;
    bucket[2] = 20;
    bucket[3] = 31;
    ck_assert_uint_eq(count_hashed(hash), 4);
    bucket[0] = 0;
    ck_assert_uint_eq(count_hashed(hash), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tests = tcase_create("clock");

    tcase_add_test(tests, the_kernel_tells_the_time_at_first);
    tcase_add_test(tests, the_vdso_is_found_where_the_loader_finds_it);
    tcase_add_test(tests, what_is_no_image_is_not_read);
    tcase_add_test(tests, symbols_are_counted_by_their_hashes);
    suite_add_tcase(suite, tests);
    return check_main(suite);
}

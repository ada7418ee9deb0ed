/* oom: which allocation fails. */
#include <dlfcn.h>
#include <malloc.h>

#include "host.h"

#define ALLOCATIONS fault_calls(FAULT_oom)

static struct rule oom(void)
{
    return (struct rule){
        .kind = FAULT_oom, .effect = EFFECT_FAIL, .calls = call_bit(CALL_malloc), .error = ENOMEM};
}

/* One bit per attempt: does it fail?  Nothing else may allocate meanwhile. */
static uint32_t failures(struct rule rule, int attempts, size_t size, int *ret_index)
{
    uint32_t failed = 0;

    *ret_index = arm(rule);
    for (int i = 0; i < attempts; i++) {
        void *volatile block = malloc(size);
        failed |= block ? 0 : 1u << i;
        free(block);
    }
    lift(*ret_index);
    return failed;
}

static void the_nth(void)
{
    int index;
    struct rule rule = oom();

    rule.after = 2;
    rule.times = 1;
    fact_equal("nth: the third allocation fails, and only it", failures(rule, 6, 10, &index), 1 << 2);
    fact_equal("nth: all were counted as matches", (long)table->rules[index].matches, 6);
    rule = oom();
    rule.every = 3;
    fact_equal("every third fails", failures(rule, 7, 10, &index), 1 << 0 | 1 << 3 | 1 << 6);
}

static void by_size(void)
{
    int index;
    struct rule rule = oom();

    rule.size_min = 1000;
    rule.size_max = 2000;
    fact_equal("size: below the range", failures(rule, 1, 999, &index), 0);
    fact_equal("size: its least", failures(rule, 1, 1000, &index), 1);
    fact_equal("size: its greatest", failures(rule, 1, 2000, &index), 1);
    fact_equal("size: above the range", failures(rule, 1, 2001, &index), 0);
}

static void a_product_that_overflows(void)
{
    struct rule rule = oom();
    volatile size_t half = SIZE_MAX / 2;

    rule.calls = call_bit(CALL_calloc);
    rule.size_min = SIZE_MAX;
    int index = arm(rule);
    void *volatile block = calloc(half, 4);
    lift(index);
    fact("a product that overflows counts as the greatest size", !block && hits(index) == 1);
}

static void by_quota(void)
{
    int index;
    struct rule rule = oom();

    rule.heap_min = 64 << 20;
    fact_equal("quota: below it memory is given", failures(rule, 1, 10, &index), 0);
    void *volatile much = malloc(80 << 20);
    fact_equal("quota: at it there is none", failures(rule, 1, 10, &index), 1);
    free(much);
    fact_equal("quota: and again when some was freed", failures(rule, 1, 10, &index), 0);
}

/* strdup asks from within libc; we ask from the program. */
static void by_caller(void)
{
    struct rule rule = oom();

    snprintf(rule.caller, sizeof(rule.caller), "libc.so.6");
    int index = arm(rule);
    char *volatile from_libc = strdup("x");
    void *volatile from_program = malloc(10);
    lift(index);
    fact("caller: an object's own allocations fail", !from_libc && hits(index) == 1);
    fact("caller: and nobody else's", from_program != NULL);
    free(from_program);
    snprintf(rule.caller, sizeof(rule.caller), "%s", program_invocation_short_name);
    index = arm(rule);
    from_libc = strdup("x");
    from_program = malloc(10);
    lift(index);
    fact("caller: the program itself goes by its name", from_libc && !from_program);
    free(from_libc);
}

static void what_cannot_fail(void)
{
    void *block = malloc(10);
    struct rule rule = oom();

    rule.calls = ALLOCATIONS;
    int index = arm(rule);
    void *volatile none = realloc(block, 0);
    uint64_t struck = hits(index);
    lift(index);
    fact("realloc to nothing gives memory back, whatever is armed", !none && !struck);
}

static void inside_libc(void)
{
    struct rule rule = oom();

    rule.calls = ALLOCATIONS;
    int index = arm(rule);
    FILE *f = fopen("/dev/null", "r");
    int error = errno;
    lift(index);
    fact("libc's own allocations fail too: fopen says ENOMEM", !f && error == ENOMEM);
}

int main(int argc, char **argv)
{
    (void)argc;
    host_begin(argv, 16);
    the_nth();
    by_size();
    a_product_that_overflows();
    by_quota();
    by_caller();
    what_cannot_fail();
    inside_libc();
    return 0;
}

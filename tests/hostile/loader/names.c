/* A program with functions named as the shim's own: whoever exported those would call these instead. */
#include <stdlib.h>

#define STANDS_IN_THE_WAY(name)                                                                              \
    void name(void);                                                                                         \
    void name(void)                                                                                          \
    {                                                                                                        \
        abort();                                                                                             \
    }

STANDS_IN_THE_WAY(ask)
STANDS_IN_THE_WAY(ask_answer)
STANDS_IN_THE_WAY(decide)
STANDS_IN_THE_WAY(descriptor_find)
STANDS_IN_THE_WAY(effect_apply)
STANDS_IN_THE_WAY(endpoint_given)
STANDS_IN_THE_WAY(real_resolve)
STANDS_IN_THE_WAY(rule_draw)
STANDS_IN_THE_WAY(shim_enter)
STANDS_IN_THE_WAY(shim_now_ns)
STANDS_IN_THE_WAY(table_is_valid)
STANDS_IN_THE_WAY(target_match)

/* bash has one of its own too. */
char *getenv(const char *name)
{
    (void)name;
    abort();
}

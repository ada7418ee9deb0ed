/* call.def as look-up tables.  Floor 0. */
#include <stddef.h>

#include "injectors/decision/call.h"
#include "injectors/decision/text.h"

struct row {
    const char *name;
    const char *errnos;
    enum role role;
};

static const struct row rows[CALL_COUNT] = {
#define CALL(symbol, role, errnos) [CALL_##symbol] = {#symbol, errnos, ROLE_##role},
#define ALIAS(symbol, call)
#define SAME(symbol, call)
#define FOLLOW(symbol)
#include "injectors/decision/call.def"
#undef CALL
#undef ALIAS
#undef SAME
#undef FOLLOW
};

static const struct {
    const char *name;
    enum call call;
} aliases[] = {
#define CALL(symbol, role, errnos)
#define ALIAS(symbol, call) {#symbol, CALL_##call},
#define SAME(symbol, call)  {#symbol, CALL_##call},
#define FOLLOW(symbol)
#include "injectors/decision/call.def"
#undef CALL
#undef ALIAS
#undef SAME
#undef FOLLOW
};

const char *call_name(enum call call)
{
    return call < CALL_COUNT ? rows[call].name : "?";
}

enum call call_find(const char *name)
{
    for (int i = 0; i < CALL_COUNT; i++)
        if (text_same(rows[i].name, name))
            return (enum call)i;
    for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
        if (text_same(aliases[i].name, name))
            return aliases[i].call;
    return CALL_COUNT;
}

enum role call_role(enum call call)
{
    return rows[call].role;
}

call_set call_with_roles(uint32_t roles)
{
    call_set set = 0;

    for (int i = 0; i < CALL_COUNT; i++)
        if (roles & (1u << rows[i].role))
            set |= call_bit((enum call)i);
    return set;
}

const char *call_errnos(enum call call)
{
    return call < CALL_COUNT ? rows[call].errnos : "";
}

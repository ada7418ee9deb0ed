/* Two owners on the error path: who makes the account frees what it has so far, and so does who asked for it.
 */
#include <stdlib.h>

#include "corpus.h"

struct account {
    char *name, *city;
};

static void account_release(struct account *account)
{
    free(account->city);
    free(account->name); /* DEFECT: heap-corruption */
}

static int account_fill(struct account *account, const char *name, const char *city)
{
    account->name = strdup(name);
    if (!account->name)
        return -1;
    account->city = strdup(city);
    if (!account->city) {
        free(account->name);
#ifdef FIXED
        account->name = NULL;
#endif
        return -1;
    }
    return 0;
}

int main(void)
{
    struct account account = {0};
    int status;

    if (account_fill(&account, "Ada", "London"))
        status = complain("account");
    else
        status = say(account.name) || say(" of ") || say(account.city) || say("\n");
    account_release(&account);
    return status;
}

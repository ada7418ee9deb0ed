/* An assertion in place of an error: memory runs out in the field, not in the mind of who wrote this. */
#include <assert.h>
#include <stdlib.h>

#include "corpus.h"

int main(void)
{
    char *text = malloc(16);

#ifdef FIXED
    if (!text)
        return complain("text");
#endif
    assert(text); /* DEFECT: assert */
    strcpy(text, "asserted\n");
    int status = say(text);
    free(text);
    return status;
}

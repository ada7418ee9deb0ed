/* printf, and no look at what became of it: stdio's own write(2) passes by no symbol of ours. */
#include "corpus.h"

int main(void)
{
    for (int i = 0; i < 3; i++)
        printf("line %d\n", i);
#ifdef FIXED
    if (fflush(stdout) || ferror(stdout))
        return complain("standard output");
    return 0;
#else
    return fflush(stdout) ? 0 : 0; /* DEFECT: silent */
#endif
}

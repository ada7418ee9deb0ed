/* A list of words whose nodes are used before anybody asked whether there are any. */
#include <stdlib.h>

#include "corpus.h"

struct node {
    struct node *next;
    const char *word;
};

static struct node *push(struct node *list, const char *word)
{
    struct node *node = malloc(sizeof(*node));

#ifdef FIXED
    if (!node)
        return NULL;
#endif
    *node = (struct node){list, word}; /* DEFECT: segv */
    return node;
}

static void release(struct node *list)
{
    while (list) {
        struct node *next = list->next;
        free(list);
        list = next;
    }
}

int main(void)
{
    static const char *const words[] = {"alpha ", "beta ", "gamma "};
    struct node *list = NULL;
    int status = 0;

    for (int i = 0; i < 3; i++) {
        struct node *longer = push(list, words[i]);
        if (!longer) {
            release(list);
            return complain("list");
        }
        list = longer;
    }
    for (struct node *n = list; n && !status; n = n->next)
        status = say(n->word);
    release(list);
    return status;
}

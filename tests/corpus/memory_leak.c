/* A table that is optional, and its head that is lost when there is no room for its body. */
#include <stdlib.h>

#include "corpus.h"

#define ROWS 512

struct table {
    int *rows;
};

static struct table *table_new(void)
{
    struct table *table = malloc(sizeof(*table));

    if (!table)
        return NULL;
    table->rows = malloc(ROWS * sizeof(*table->rows)); /* DEFECT: leak-memory */
    if (!table->rows) {
#ifdef FIXED
        free(table);
#endif
        return NULL;
    }
    for (int i = 0; i < ROWS; i++)
        table->rows[i] = i * i;
    return table;
}

static int square(const struct table *table, int i)
{
    return table ? table->rows[i] : i * i;
}

int main(void)
{
    struct table *table = table_new();
    char text[32];

    snprintf(text, sizeof(text), "%d\n", square(table, 12));
    if (table) {
        free(table->rows);
        free(table);
    }
    return say(text);
}

/* A parser that is handed out half made: its buffer could not be had, and its handlers are set after that. */
#include <stdlib.h>

#include "corpus.h"

struct parser {
    char *buffer;
    int (*on_end)(const struct parser *parser);
};

static int print(const struct parser *parser)
{
    if (parser->buffer)
        return say(parser->buffer);
    return complain("parser");
}

static __attribute__((noinline)) struct parser *parser_new(void)
{
    struct parser *parser = malloc(sizeof(*parser));

    if (!parser)
        return NULL;
#ifdef FIXED
    parser->on_end = print;
#endif
    parser->buffer = malloc(64);
    if (!parser->buffer)
        return parser;
    strcpy(parser->buffer, "parsed\n");
    parser->on_end = print;
    return parser;
}

int main(void)
{
    struct parser *parser = parser_new();

    if (!parser)
        return complain("parser");
    int status = parser->on_end(parser); /* DEFECT: segv */
    free(parser->buffer);
    free(parser);
    return status;
}

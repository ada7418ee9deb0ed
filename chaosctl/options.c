/* Options from one table: parse, help, errors.  Floor 5. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/suggest.h"
#include "chaosctl/command.h"

#define OPTION_MAX 32
#define ID_HELP    (1 << 16)

struct getopt_table {
    struct option longs[OPTION_MAX + 2];
    char shorts[2 * OPTION_MAX + 8];
};

static const struct option_row none[] = {{0}};

static const struct option_row *rows_of(const struct command *command)
{
    return command->options ? command->options : none;
}

static struct getopt_table *table_of(const struct command *command)
{
    struct getopt_table *t = calloc(1, sizeof(*t));
    char *s = t ? t->shorts : NULL;
    size_t n = 0;

    if (!t)
        return NULL;
    if (command->takes_command)
        *s++ = '+';
    *s++ = ':';
    *s++ = 'h';
    t->longs[n++] = (struct option){"help", no_argument, NULL, ID_HELP};
    for (const struct option_row *row = rows_of(command); row->long_name && n <= OPTION_MAX; row++) {
        int argument = row->value ? required_argument : no_argument;
        t->longs[n++] = (struct option){row->long_name, argument, NULL, row->id};
        if (!row->letter)
            continue;
        *s++ = row->letter;
        if (row->value)
            *s++ = ':';
    }
    return t;
}

struct options options_of(const struct command *command, int argc, char **argv)
{
    optind = 0; /* glibc: start over, and read the '+' again */
    opterr = 0;
    return (struct options){.command = command, .argc = argc, .argv = argv, .table = table_of(command)};
}

static void print_row(char letter, const char *name, const char *value, const char *help)
{
    char left[64];

    snprintf(left, sizeof(left), "%c%c%s--%s%s%s", letter ? '-' : ' ', letter ? letter : ' ',
             letter ? ", " : "  ", name, value ? " " : "", value ? value : "");
    printf("  %-28s %s\n", left, help);
}

static void print_help(const struct command *command)
{
    printf("Usage: chaosctl %s [OPTION]... %s\n\n%s.\n", command->name, command->operands, command->summary);
    if (command->details)
        printf("\n%s\n", command->details);
    puts("\nOptions:");
    for (const struct option_row *row = rows_of(command); row->long_name; row++)
        print_row(row->letter, row->long_name, row->value, row->help);
    print_row('h', "help", NULL, "show this");
}

int usage_error(const struct command *command, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "chaosctl %s: ", command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry `chaosctl %s --help`.\n", command->name);
    return EXIT_USAGE;
}

static int finish(struct options *o, int status)
{
    free(o->table);
    o->table = NULL;
    o->done = true;
    o->status = status;
    return 0;
}

static int unknown(struct options *o)
{
    const char *names[OPTION_MAX + 1];
    const char *written = o->argv[optind - 1];
    size_t n = 0;

    if (optopt && optopt < ID_HELP && optopt > ' ' && optopt < 127)
        return finish(o, usage_error(o->command, "unknown option -%c", optopt));
    for (const struct option_row *row = rows_of(o->command); row->long_name && n < OPTION_MAX; row++)
        names[n++] = row->long_name;
    const char *near = suggest(written + strspn(written, "-"), names, n);
    if (near)
        return finish(o, usage_error(o->command, "unknown option %s (did you mean --%s?)", written, near));
    return finish(o, usage_error(o->command, "unknown option %s", written));
}

static int id_of_letter(const struct command *command, int letter)
{
    for (const struct option_row *row = rows_of(command); row->long_name; row++)
        if (row->letter == letter)
            return row->id;
    return 0;
}

int option_next(struct options *o)
{
    struct getopt_table *t = o->table;

    if (!t)
        return finish(o, EXIT_TOOL);
    int c = getopt_long(o->argc, o->argv, t->shorts, t->longs, NULL);
    o->value = optarg;
    if (c == '?')
        return unknown(o);
    if (c == ':')
        return finish(o, usage_error(o->command, "%s needs a value", o->argv[optind - 1]));
    if (c == 'h' || c == ID_HELP) {
        print_help(o->command);
        return finish(o, EXIT_PASS);
    }
    if (c == -1) {
        o->operands = o->argv + optind;
        o->operand_count = o->argc - optind;
        free(o->table);
        o->table = NULL;
        return 0;
    }
    int id = id_of_letter(o->command, c);
    return id ? id : c;
}

bool may_colour(int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return !(no && *no) && term && strcmp(term, "dumb") && isatty(fd);
}

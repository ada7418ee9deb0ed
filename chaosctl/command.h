/* A command: one file, one exported entry.  Floor 5.  main.c has the table; only commands print or exit. */
#ifndef CHAOSCTL_COMMAND_H
#define CHAOSCTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* The exit codes of run; the other commands use those that apply. */
enum exit_code {
    EXIT_PASS = 0,
    EXIT_REFUTED = 1,
    EXIT_USAGE = 2, /* usage or an invalid file: nothing was started */
    EXIT_INCONCLUSIVE = 3,
    EXIT_STOPPED = 4,
    EXIT_TOOL = 5,   /* the tool or the clean-up failed */
    EXIT_EXEC = 125, /* exec: chaosctl itself failed */
};

/* One row: drives parse, --help, man page check and completion.  The table ends with a row without long_name.
 * --help and -h are there without a row. */
struct option_row {
    int id;                /* what option_next returns; > 0 */
    char letter;           /* 0: none */
    const char *long_name; /* without the dashes */
    const char *value;     /* its name in the help, or NULL: a flag */
    const char *help;
};

struct command {
    const char *name;
    const char *operands; /* "FILE..." */
    const char *summary;  /* one line, no full stop */
    const char *details;  /* paragraphs of --help; NULL: none */
    const struct option_row *options;
    bool takes_command; /* operands start another program: options end at the first operand */
    bool only_prints;   /* it starts, changes and leaves nothing */
    int (*run)(int argc, char **argv);
};

extern const struct command *const commands[]; /* ends with NULL */

/* Walk the options of argv (argv[0] is the command's name).  In a loop:
 *
 *   struct options o = options_of(&command_x, argc, argv);
 *   for (int id; (id = option_next(&o)) > 0;) ...o.value...
 *   if (o.done) return o.status;             --help was printed, or an error was
 *   o.operands, o.operand_count              what is left
 */
struct options {
    const struct command *command;
    int argc;
    char **argv;
    const char *value;
    char **operands;
    int operand_count;
    bool done;
    int status;
    void *table; /* getopt's, freed at the end of the walk */
};

struct options options_of(const struct command *command, int argc, char **argv);
int option_next(struct options *options);

/* `chaosctl NAME: message` to stderr, with the hint to --help; returns EXIT_USAGE. */
int usage_error(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* May this stream be coloured: a terminal, and no NO_COLOR (no-color.org), TERM not dumb. */
bool may_colour(int fd);

#endif

/* #! lines, as fs/binfmt_script.c and coreutils' env read them.  Floor 3. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/run/process.h"
#include "chaosctl/run/script.h"

#define LINE_BYTES 256 /* the kernel looks no further (BINPRM_BUF_SIZE) */
#define BLANKS     " \t"

static bool is_env(const char *interpreter)
{
    const char *slash = strrchr(interpreter, '/');

    return !strcmp(slash ? slash + 1 : interpreter, "env");
}

/* The kernel hands all that follows over as one argument: a name, or `-S` and words of which options and
 * assignments are not the program. */
static const char *env_name(char *argument)
{
    char *rest = NULL;

    if (argument[0] != '-')
        return *argument && !strchr(argument, '=') ? argument : NULL;
    char *split = strchr(argument, 'S');
    if (!split || strcspn(argument, BLANKS) < (size_t)(split - argument))
        return NULL;
    for (char *word = strtok_r(split + 1, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest))
        if (word[0] != '-' && !strchr(word, '='))
            return word;
    return NULL;
}

static void trim_end(char *text)
{
    size_t len = strlen(text);

    while (len && strchr(BLANKS, text[len - 1]))
        text[--len] = '\0';
}

int script_parse(char *line, const char **ret_interpreter, const char **ret_name)
{
    if (line[0] != '#' || line[1] != '!')
        return -ENOEXEC;
    line[strcspn(line, "\n")] = '\0';
    char *interpreter = line + 2 + strspn(line + 2, BLANKS);
    char *argument = interpreter + strcspn(interpreter, BLANKS);
    if (argument == interpreter)
        return -ENOEXEC;
    if (*argument)
        *argument++ = '\0';
    argument += strspn(argument, BLANKS);
    trim_end(argument);
    *ret_interpreter = interpreter;
    *ret_name = is_env(interpreter) ? env_name(argument) : NULL;
    return 0;
}

int script_interpreter(int fd, char ret_path[static PATH_MAX])
{
    char line[LINE_BYTES + 1];
    const char *interpreter, *name;
    cleanup_free char *found = NULL;

    ssize_t got = pread(fd, line, LINE_BYTES, 0);
    if (got < 0)
        return -errno;
    line[got] = '\0';
    if (got < 2 || script_parse(line, &interpreter, &name))
        return -ENOEXEC;
    int status = name ? process_find(name, NULL, &found) : 0;
    snprintf(ret_path, PATH_MAX, "%s", found ? found : name ? name : interpreter);
    return status == -EACCES ? -ENOENT : status;
}

/* Where `run` writes, looked at before anything is started.  Floor 5. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/cmd_run.h"
#include "chaosctl/report/text.h"

bool output_is_standard(const char *path)
{
    return !strcmp(path, "-") || !strcmp(path, "/dev/stdout");
}

/* The scenario's file without its folder and .yml. */
static size_t stem_of(const char *file, const char **ret_stem)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    bool yaml = dot && dot > name && (!strcmp(dot, ".yml") || !strcmp(dot, ".yaml"));

    *ret_stem = name;
    return yaml ? (size_t)(dot - name) : strlen(name);
}

/* Each %s becomes the scenario's name.  NULL: no pattern, or out of memory. */
char *output_path(const char *pattern, const char *file)
{
    cleanup_buf struct buf path = {0};
    const char *stem = NULL;
    size_t len = stem_of(file, &stem);

    for (const char *p = pattern; p && *p; p++) {
        if (p[0] != '%' || p[1] != 's') {
            buf_add_char(&path, *p);
            continue;
        }
        buf_add_n(&path, stem, len);
        p++;
    }
    return pattern ? buf_steal(&path) : NULL;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* A device, a pipe: what is written there replaces nothing. */
static bool is_stream(const char *path)
{
    struct stat st;

    return !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* A text that is the same for two paths to one file; one that is not there yet is a name in its folder. */
static char *identity_of(const char *path)
{
    cleanup_free char *folder = folder_of(path);
    const char *slash = strrchr(path, '/'), *name = "";
    struct stat st = {0};
    char *text = NULL;

    if (stat(path, &st)) {
        name = slash ? slash + 1 : path;
        if (!folder || stat(folder, &st))
            name = path;
    }
    int n = asprintf(&text, "%ju:%ju/%s", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, name);
    return n < 0 ? NULL : text;
}

/* What is written by whom, and the scenarios, which are not to be written at all. */
struct claim {
    char *identity;
    const char *by;
};

struct claims {
    const struct run_request *request;
    struct claim *list;
    size_t count;
};

static void claims_free(struct claims *claims)
{
    for (size_t i = 0; i < claims->count; i++)
        free(claims->list[i].identity);
    free(claims->list);
}

static int add_claim(struct claims *claims, const char *path, const char *by)
{
    char *identity = identity_of(path);

    if (!identity)
        return EXIT_TOOL;
    claims->list[claims->count++] = (struct claim){identity, by};
    return EXIT_PASS;
}

static int claim(struct claims *claims, const char *path, const char *by)
{
    int status = add_claim(claims, path, by);

    for (size_t i = 0; !status && i + 1 < claims->count; i++)
        if (!strcmp(claims->list[i].identity, claims->list[claims->count - 1].identity))
            return usage_error(&command_run, "%s: %s is the file of %s; each needs one of its own", by, path,
                               claims->list[i].by);
    return status;
}

static int check_folder(const char *path, const char *by)
{
    cleanup_free char *real = realpath(path, NULL), *folder = folder_of(real ? real : path);
    struct stat st;

    if (!folder)
        return EXIT_TOOL;
    if (stat(folder, &st) || !S_ISDIR(st.st_mode))
        return usage_error(&command_run, "%s: cannot write %s: there is no folder %s", by, path, folder);
    if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS))
        return usage_error(&command_run, "%s: cannot write %s: folder %s: %s", by, path, folder,
                           strerror(errno));
    return EXIT_PASS;
}

static int check_report(const char *path, const char *by)
{
    size_t len = strlen(path);
    struct stat st;

    if (output_is_standard(path))
        return EXIT_PASS;
    if (path[len - 1] == '/' || (!stat(path, &st) && S_ISDIR(st.st_mode)))
        return usage_error(&command_run, "%s: %s is a folder; give a file, as %s%sNAME", by, path, path,
                           path[len - 1] == '/' ? "" : "/");
    if (!is_stream(path))
        return check_folder(path, by);
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS))
        return usage_error(&command_run, "%s: cannot write %s: %s", by, path, strerror(errno));
    return EXIT_PASS;
}

static int check_journal(const char *path, const char *by)
{
    cleanup_free char *folder = NULL;
    int r = journal_check(path);

    if (!r)
        return EXIT_PASS;
    if (r == -EEXIST)
        return usage_error(&command_run, "%s: %s exists and is no journal; it is not replaced", by, path);
    if (path)
        return usage_error(&command_run, "%s: cannot write %s: %s", by, path, strerror(-r));
    if (journal_folder(&folder))
        return usage_error(&command_run, "no place for the journal: neither XDG_STATE_HOME nor HOME is set; "
                                         "`--journal FILE` says where");
    return usage_error(&command_run, "cannot write a journal in %s: %s; `--journal FILE` puts it elsewhere",
                       folder, strerror(-r));
}

/* One pattern for one scenario.  What the next scenario would write over is refused: a report that is lost
 * may be the one that was refuted. */
static int check_output(struct claims *claims, const char *pattern, const char *by, const char *file,
                        int (*check)(const char *path, const char *by))
{
    cleanup_free char *path = output_path(pattern, file);

    if (!path)
        return EXIT_TOOL;
    if (is_stream(path) || (check == check_report && output_is_standard(path)))
        return check(path, by);
    if (claims->request->several && !strstr(pattern, "%s"))
        return usage_error(&command_run,
                           "%s: with several FILEs, %s needs a %%s, which becomes the scenario's name: "
                           "each would be written over the one before",
                           by, pattern);
    int status = claim(claims, path, by);
    return status ? status : check(path, by);
}

/* Of all scenarios in turn: it says how things stand now. */
static int check_metrics_file(struct claims *claims)
{
    const char *path = claims->request->options.metrics_file;
    int status = path ? claim(claims, path, "--metrics-file") : EXIT_PASS;

    return status || !path ? status : check_report(path, "--metrics-file");
}

static int check_scenario(struct claims *claims, const char *file)
{
    const struct run_request *request = claims->request;
    int status = EXIT_PASS;

    for (size_t i = 0; !status && i < request->reports_count; i++)
        status = check_output(claims, request->reports[i].path, "--report", file, check_report);
    if (!status && request->journal)
        status = check_output(claims, request->journal, "--journal", file, check_journal);
    return status;
}

int output_check(const struct run_request *request, struct scenario *const *scenarios, char *const *files,
                 size_t count)
{
    struct claims claims = {.request = request,
                            .list = calloc(count * (RUN_REPORTS_MAX + 3), sizeof(struct claim))};
    int status = claims.list ? EXIT_PASS : EXIT_TOOL;

    for (size_t i = 0; !status && i < count; i++)
        status = add_claim(&claims, files[i], "a scenario");
    if (!status)
        status = check_metrics_file(&claims);
    for (size_t i = 0; !status && i < count; i++)
        if (scenarios[i])
            status = check_scenario(&claims, files[i]);
    if (!status && !request->journal)
        status = check_journal(NULL, "");
    if (status == EXIT_TOOL)
        fputs("chaosctl run: out of memory\n", stderr);
    claims_free(&claims);
    return status;
}

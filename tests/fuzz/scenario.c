/* libFuzzer target: whatever is in a file or a SPEC, reading it ends, soon, with a scenario or with messages.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/scenario/scenario.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    setenv("TOKEN", "hush", 1);
    setenv("PORT", "8080", 1);
    return 0;
}

/* What the commands do with a result: every text is looked at, every position is one. */
static void use(const struct scenario *s, const struct diag *diag)
{
    cleanup_buf struct buf out = {0};
    struct position at;

    diag_render(diag, &out);
    for (size_t i = 0; diag_message(diag, i, &at); i++)
        if (at.line < 0 || (at.line && at.column < 1))
            abort();
    for (size_t i = 0; s && i < s->cells_count; i++) {
        scenario_mask(s, s->cells[i].label, &out);
        for (size_t k = 0; k < s->cells[i].faults_count; k++)
            scenario_mask(s, s->cells[i].faults[k].text, &out);
    }
}

static void parse_file(const uint8_t *data, size_t size)
{
    struct diag *diag = diag_new("fuzz");
    struct scenario *s = NULL;
    int r = scenario_parse((const char *)data, size, "/fuzz.yml", diag, &s);

    if ((r != 0 && r != -EINVAL) || (r == 0) != (s != NULL) || (r == 0) != (diag_count(diag) == 0))
        abort();
    use(s, diag);
    scenario_free(s);
    diag_free(diag);
}

static void parse_spec(const uint8_t *data, size_t size)
{
    struct diag *diag = diag_new("fuzz");
    struct scenario *s = scenario_empty();
    char *spec = strndup((const char *)data, size);
    struct fault fault;
    int r = scenario_add_fault(s, spec, diag, &fault);

    if ((r != 0 && r != -EINVAL) || (r == 0) != (diag_count(diag) == 0))
        abort();
    if (!r && (!fault.text || fault.kind >= FAULT_COUNT))
        abort();
    use(s, diag);
    free(spec);
    scenario_free(s);
    diag_free(diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse_file(data, size);
    if (size < 256)
        parse_spec(data, size);
    return 0;
}

/* chaosctl note: what people saw, into the journal of a run.  Floor 5. */
#include <string.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/command.h"
#include "chaosctl/runs.h"

static int note_run(int argc, char **argv);

const struct command command_note = {
    .name = "note",
    .operands = "RUN TEXT...",
    .summary = "Write a note into the journal of a run that is under way",
    .details = "Who wrote it and when goes with it; the report shows it among what was done to the run.  "
               "RUN may be\n`-` when there is but one.",
    .run = note_run,
};

static int note_run(int argc, char **argv)
{
    struct options o = options_of(&command_note, argc, argv);
    struct drill_request request = {.ask = DRILL_NOTE};
    cleanup_buf struct buf text = {0};
    json_t *answer = NULL;

    while (option_next(&o) > 0)
        continue;
    if (o.done)
        return o.status;
    for (int i = 1; i < o.operand_count; i++)
        buf_printf(&text, "%s%s", i > 1 ? " " : "", o.operands[i]);
    if (!text.len)
        return usage_error(&command_note, "a RUN (or -) and a text are wanted");
    request.text = buf_text(&text);
    const char *run = strcmp(o.operands[0], "-") ? o.operands[0] : NULL;
    int code = runs_ask_one(&command_note, run, &request, &answer);
    json_decref(answer);
    return code;
}

/* What somebody did, in words.  Floor 4. */
#include <inttypes.h>
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/report/words.h"

/* Some of it is the kernel's word, and some the asker's own: both are shown. */
static void add_who(const struct deed *deed, struct buf *out)
{
    if (!deed->pid)
        return;
    buf_printf(out, ", by %s (uid %" PRIu64 ", process %" PRIu64, *words_text(deed->user) ? deed->user : "?",
               deed->uid, deed->pid);
    if (*words_text(deed->terminal))
        buf_printf(out, ", %s", deed->terminal);
    buf_add_char(out, ')');
}

void words_deed(const struct deed *deed, struct buf *out)
{
    char text[UNIT_TEXT_BYTES];

    buf_add(out, words_text(deed->what));
    if (deed->fault)
        buf_printf(out, " #%" PRIu64, deed->fault);
    if (*words_text(deed->text))
        buf_printf(out, " %s", deed->text);
    if (deed->for_ns)
        buf_printf(out, ", for %s, seed %" PRIu64, unit_format_duration(deed->for_ns, text), deed->seed);
    add_who(deed, out);
}

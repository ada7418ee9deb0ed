/* What people did.  Floor 3. */
#include <string.h>

#include "chaosctl/base/clock.h"
#include "chaosctl/run/internal.h"

/* A crowd of scripts must not fill the report: what comes later is in the journal alone. */
#define DEEDS_MAX 500

bool deed_was_meddling(const struct deed *deed)
{
    return !strcmp(deed->what, "inject") || (!strcmp(deed->what, "lift") && deed->pid);
}

static const char *copied(struct run *run, const char *text)
{
    return text ? run_text(run, "%s", text) : NULL;
}

/* What the scenario claims was not what was tried: not by itself, at least. */
static void judge(struct run *run, const struct deed *deed)
{
    if (run->options.hold || !deed_was_meddling(deed))
        return;
    run_judge(run, VERDICT_INCONCLUSIVE,
              run_text(run, "somebody took a hand in it: %s %s, by %s (uid %llu)", deed->what,
                       deed->text ? deed->text : "every fault", deed->user ? deed->user : "?",
                       (unsigned long long)deed->uid));
}

void deed_note(struct run *run, const struct deed *deed)
{
    struct course *c = &run->course;
    struct deed done = *deed;

    done.what = copied(run, deed->what);
    done.text = copied(run, deed->text);
    done.spec = copied(run, deed->spec);
    done.user = copied(run, deed->user);
    done.terminal = copied(run, deed->terminal);
    done.at_ns = now_mono_ns() - c->started_ns;
    if (run->hooks.deed)
        run->hooks.deed(run->hooks.arg, &done);
    judge(run, &done);
    if (c->deeds_count >= DEEDS_MAX)
        return;
    struct deed *slot = arena_push(run->result->arena, &c->deeds, &c->deeds_count, sizeof(*slot));
    if (slot)
        *slot = done;
}

/* Which findings are one defect: by where it crashed, or by where the failed call was made.  Floor 3. */
#include <string.h>

#include "chaosctl/explore/internal.h"

#define CRASH_FRAMES 2
#define POINT_FRAMES 2

static uint64_t mixed(uint64_t h, uint64_t more)
{
    h = (h ^ more) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

/* libc's frames are how a defect shows, not where it is. */
static bool is_libc(const struct frame *frame)
{
    const char *slash = frame->module ? strrchr(frame->module->path, '/') : NULL;

    return slash && (!strncmp(slash, "/libc.so", 8) || !strncmp(slash, "/ld-linux", 9) ||
                     !strncmp(slash, "/libchaosctl-explore", 20));
}

static uint64_t mix_frames(uint64_t h, const struct stack *stack, unsigned count)
{
    for (size_t i = 0; i < stack->depth && count; i++) {
        const struct frame *frame = &stack->frames[i];
        if (is_libc(frame) || !frame->module)
            continue;
        h = mixed(h, frame->address);
        for (const char *c = frame->module->build_id; *c; c++)
            h = mixed(h, *c);
        count--;
    }
    return h;
}

bool is_libc_own(const struct plan *plan)
{
    const struct stack *call = &plan->point.stack, *crash = &plan->finding.crash;
    size_t i = 0;

    if (!call->depth || !crash->depth || !is_libc(&call->frames[0]) || !is_libc(&crash->frames[0]))
        return false;
    /* abort() and what leads there are libc's in any program. */
    while (i < crash->depth && is_libc(&crash->frames[i]))
        i++;
    size_t j = 0;
    while (j < call->depth && is_libc(&call->frames[j]))
        j++;
    return i < crash->depth && j < call->depth && crash->frames[i].address == call->frames[j].address &&
           crash->frames[i].module == call->frames[j].module;
}

uint64_t cause_of(const struct plan *plan)
{
    uint64_t h = mixed(1, plan->outcome);

    if (plan->finding.crash.depth)
        return mix_frames(h, &plan->finding.crash, CRASH_FRAMES);
    for (const char *c = plan->point.call; *c; c++)
        h = mixed(h, *c);
    return mix_frames(h, &plan->point.stack, POINT_FRAMES);
}

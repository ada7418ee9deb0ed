/* Is each request of a load to be found in a log?  Floor 3. */
#include "chaosctl/probe/request_id.h"
#include "chaosctl/run/internal.h"

struct tally {
    size_t asked, missing;
    uint64_t first_missing;
};

/* One that was never sent has no id, and nothing to be found. */
static bool counts(const struct check *check, const struct sample *sample)
{
    return sample->done && sample->id && (check->each == EACH_REQUEST || !sample->ok);
}

static struct tally tally_of(const struct run *run, const struct check *check, const struct logwatch *log,
                             uint64_t from_ns, uint64_t to_ns)
{
    size_t count = 0;
    const struct sample *samples = load_samples(run->loads[check->load], from_ns, to_ns, &count);
    struct tally t = {0};

    for (size_t i = 0; i < count; i++) {
        if (!counts(check, &samples[i]))
            continue;
        t.asked++;
        if (logwatch_has_request(log, samples[i].id))
            continue;
        t.first_missing = t.missing++ ? t.first_missing : samples[i].id;
    }
    return t;
}

bool each_is_found(const struct run *run, const struct check *check, const struct logwatch *log,
                   uint64_t from_ns, uint64_t to_ns)
{
    return !tally_of(run, check, log, from_ns, to_ns).missing;
}

enum judgement each_judge(const struct run *run, const struct check *check, const struct logwatch *log,
                          uint64_t from_ns, uint64_t to_ns, uint64_t *ret_samples, struct buf *why)
{
    struct tally t = tally_of(run, check, log, from_ns, to_ns);
    const char *what = check->each == EACH_FAILED ? "failed request" : "request";
    const char *load = run->scenario->loads[check->load].name;
    char id[REQUEST_ID_BYTES];

    *ret_samples = t.asked;
    if (!t.asked) {
        buf_printf(why, "there was no %s of load %s", what, load);
        return JUDGE_UNKNOWN;
    }
    if (!t.missing) {
        buf_printf(why, "the log has each of %zu %ss of load %s", t.asked, what, load);
        return JUDGE_HOLDS;
    }
    request_id_text(prober_ids(run->prober), t.first_missing, id);
    buf_printf(why, "%zu of %zu %ss of load %s are not in the log, the first is %s", t.missing, t.asked, what,
               load, id);
    return JUDGE_FAILS;
}

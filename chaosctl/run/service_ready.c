/* Asking a service whether it is ready, and words for why it is not.  Floor 3. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/base/clock.h"
#include "chaosctl/base/unit.h"
#include "chaosctl/check/judge.h"
#include "chaosctl/run/service_unit.h"

#define LAST_WORDS_MAX 1200 /* bytes of the log that a failure quotes */
#define LAST_LINES_MAX 5

/* --- asking: a question may outlive its unit, which then is NULL --- */

struct ask {
    struct unit *unit;
    struct probe probe; /* the ready probe with a time-out of ours */
    unit_answer_fn *fn;
};

static void answered(void *arg, const struct answer *answer)
{
    struct ask *ask = arg;
    struct unit *unit = ask->unit;

    if (unit) {
        unit->ask = NULL;
        ask->fn(unit, answer);
    }
    free(ask);
}

int unit_ask(struct unit *unit, uint64_t timeout_ns, unit_answer_fn *fn)
{
    struct ask *ask = calloc(1, sizeof(*ask));

    if (!ask)
        return -ENOMEM;
    *ask = (struct ask){.unit = unit, .probe = *unit->service->ready, .fn = fn};
    if (!ask->probe.timeout_ns || ask->probe.timeout_ns > timeout_ns)
        ask->probe.timeout_ns = timeout_ns;
    int error = prober_ask(unit->services->prober, &ask->probe, answered, ask);
    if (error)
        free(ask);
    else
        unit->ask = ask;
    return error;
}

void unit_cancel(struct unit *unit)
{
    loop_unset_timer(unit->services->loop, &unit->timer);
    if (unit->ask)
        unit->ask->unit = NULL;
    unit->ask = NULL;
}

/* --- words for people --- */

/* The last lines of what it wrote, or "". */
static void add_last_words(const struct unit *unit, struct buf *text)
{
    char tail[LAST_WORDS_MAX + 1];
    cleanup_fd int fd = open(unit->log, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    ssize_t len =
        end <= 0 ? 0 : pread(fd, tail, LAST_WORDS_MAX, end > LAST_WORDS_MAX ? end - LAST_WORDS_MAX : 0);

    while (len > 0 && tail[len - 1] == '\n')
        len--;
    if (len <= 0)
        return;
    tail[len] = '\0';
    const char *from = tail + len;
    for (int lines = 0; from > tail && (from[-1] != '\n' || ++lines < LAST_LINES_MAX); from--)
        continue;
    buf_printf(text, "; its last words:\n%s", from);
}

void unit_failed_with_words(struct unit *unit, const char *what)
{
    cleanup_buf struct buf detail = {0};

    buf_add(&detail, what);
    add_last_words(unit, &detail);
    unit_failed(unit, buf_text(&detail));
}

static void fail_late(struct unit *unit)
{
    char time[UNIT_TEXT_BYTES], what[400];

    unit_format_duration(unit->service->ready_within_ns, time);
    snprintf(what, sizeof(what), "not ready within %s%s%s", time, unit->finding[0] ? ": " : "",
             unit->finding);
    unit_failed_with_words(unit, what);
}

/* --- ready? --- */

static void set_poll(struct unit *unit, void (*fn)(void *arg))
{
    unit->timer.fn = fn;
    unit->timer.arg = unit;
    loop_set_timer(unit->services->loop, &unit->timer, now_mono_ns() + READY_POLL_NS);
}

/* An HTTP answer says "ready" when it is no error, unless the probe says what to expect. */
static bool is_ready(const struct probe *probe, const struct answer *answer, struct buf *finding)
{
    struct observation seen;

    if (!answer->ok) {
        buf_add(finding, answer->error ? answer->error : "no");
        return false;
    }
    if (probe->expect_count) {
        observation_of_answer(probe, answer, &seen);
        return judge_all(probe->expect, probe->expect_count, &seen, NULL, finding) == JUDGE_HOLDS;
    }
    buf_printf(finding, "status is %ld", answer->status);
    return probe->kind != PROBE_HTTP || (answer->status >= 200 && answer->status < 400);
}

static void poll_ready(void *arg);

static void on_ready_answer(struct unit *unit, const struct answer *answer)
{
    cleanup_buf struct buf finding = {0};

    if (is_ready(unit->service->ready, answer, &finding)) {
        unit_is_ready(unit);
        return;
    }
    snprintf(unit->finding, sizeof(unit->finding), "%s", buf_text(&finding));
    if (now_mono_ns() >= unit->deadline_ns)
        fail_late(unit);
    else
        set_poll(unit, poll_ready);
}

/* A service started elsewhere has come when some process took the control area in with its index. */
static bool has_come(struct unit *unit)
{
    pid_t pid;

    if (!unit->service->join || control_members(unit->services->control, (int)unit->index, &pid, 1))
        return true;
    snprintf(unit->finding, sizeof(unit->finding),
             "no process has joined (see `chaosctl env %s --service %s`)",
             control_run(unit->services->control), unit->service->name);
    return false;
}

static void poll_ready(void *arg)
{
    struct unit *unit = arg;
    uint64_t now = now_mono_ns();

    if (now >= unit->deadline_ns) {
        fail_late(unit);
    } else if (!has_come(unit)) {
        set_poll(unit, poll_ready);
    } else if (!unit->service->ready) {
        unit_is_ready(unit);
    } else if (unit_ask(unit, unit->deadline_ns - now, on_ready_answer)) {
        unit_failed_with_words(unit, "its readiness could not be asked for: out of memory or descriptors");
    }
}

void unit_await(struct unit *unit)
{
    unit->state = UNIT_WAITING;
    unit->deadline_ns = now_mono_ns() + unit->service->ready_within_ns;
    unit_tell(unit, SERVICE_STARTED, NULL);
    if (unit->state == UNIT_WAITING) /* unless that made somebody stop us */
        poll_ready(unit);
}

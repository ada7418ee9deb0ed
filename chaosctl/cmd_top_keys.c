/* The keys of `chaosctl top`.  Floor 5. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/cmd_top.h"
#include "chaosctl/ncurses.h"
#include "chaosctl/report/spec_hint.h"
#include "chaosctl/report/text.h"
#include "chaosctl/report/told.h"
#include "chaosctl/run/halt.h"
#include "chaosctl/runs.h"

#define CONTROL(letter) ((letter)&0x1f)
#define ESCAPE          0x1b
#define DELETE          0x7f

void top_say(struct top *top, bool is_trouble, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    buf_clear(&top->message);
    buf_add(&top->message, text);
    top->is_trouble = is_trouble;
}

/* --- asking the run --- */

static void ask(struct top *top, enum top_mode what, const struct drill_request *request)
{
    char *line = runs_request_line(request);

    top->asked = what;
    if (!line)
        top_say(top, true, "that is not UTF-8");
    else if (!asker_ask(top->doer, line))
        top_say(top, true, "it has not answered yet; h halts all the same");
}

static void tell_done(struct top *top, const json_t *answer)
{
    switch (top->asked) {
    case TOP_INJECTS:
        top_say(top, false, "#%" JSON_INTEGER_FORMAT " %s is injected", told_count(answer, "id"),
                told_text(answer, "fault"));
        break;
    case TOP_LIFTS:
        top_say(top, false, "%" JSON_INTEGER_FORMAT " lifted", told_count(answer, "lifted"));
        break;
    case TOP_NOTES: top_say(top, false, "noted"); break;
    case TOP_LOOKS:
    case TOP_HELPS: top_say(top, false, "it goes on"); break;
    }
}

void top_done(struct top *top, int error, const char *text)
{
    json_t *answer = error ? NULL : json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (error)
        top_say(top, true, "%s", runs_why_unheard(error));
    else if (told_is(answer, "ok"))
        tell_done(top, answer);
    else
        top_say(top, true, "%s",
                *told_text(answer, "error") ? told_text(answer, "error") : "its answer is not understood");
    json_decref(answer);
    top->next_ns = 0; /* to be seen at once */
}

/* --- what needs no run --- */

static void halt(struct top *top)
{
    size_t count = 0;
    int error = halt_set(geteuid() == 0), unlifted = halt_expire_all(&count);

    if (error || unlifted)
        top_say(top, true, "%s: %s", error ? "new faults cannot be refused" : "not every run was reached",
                strerror(error ? -error : -unlifted));
    else
        top_say(top, false, "halted; %zu run%s reached", count, count == 1 ? " was" : "s were");
}

static void resume(struct top *top)
{
    int error = halt_clear(geteuid() == 0);

    if (error)
        top_say(top, true, "the halt cannot be taken away: %s", strerror(-error));
    else
        top_say(top, false, "faults may be injected again");
}

/* --- a prompt --- */

static void prompt(struct top *top, enum top_mode mode)
{
    top->mode = mode;
    buf_clear(&top->typed);
    buf_clear(&top->message);
}

static void inject(struct top *top)
{
    buf_clear(&top->last_spec);
    buf_add(&top->last_spec, buf_text(&top->typed));
    ask(top, TOP_INJECTS, &(struct drill_request){.ask = DRILL_INJECT, .text = buf_text(&top->last_spec)});
}

static void lift(struct top *top)
{
    struct drill_request request = {.ask = DRILL_LIFT};
    const char *number = buf_text(&top->typed) + strspn(buf_text(&top->typed), " #");

    if (*number && (unit_parse_count(number, &request.id) || !request.id))
        top_say(top, true, "\"%s\" is not the number of a fault", buf_text(&top->typed));
    else
        ask(top, TOP_LIFTS, &request);
}

static void enter(struct top *top)
{
    enum top_mode mode = top->mode;

    top->mode = TOP_LOOKS;
    if (mode == TOP_LIFTS)
        lift(top);
    else if (top->typed.len && mode == TOP_INJECTS)
        inject(top);
    else if (top->typed.len)
        ask(top, TOP_NOTES, &(struct drill_request){.ask = DRILL_NOTE, .text = buf_text(&top->typed)});
}

/* A character, not a byte. */
static void rub_out(struct buf *typed)
{
    while (typed->len && (typed->data[typed->len - 1] & 0xc0) == 0x80)
        typed->len--;
    if (typed->len)
        typed->data[--typed->len] = '\0';
}

static void recall(struct top *top)
{
    if (top->mode != TOP_INJECTS)
        return;
    buf_clear(&top->typed);
    buf_add(&top->typed, buf_text(&top->last_spec));
}

static void complete(struct top *top)
{
    cleanup_buf struct buf added = {0};

    if (top->mode == TOP_INJECTS)
        spec_complete(buf_text(&top->typed), top->told, &added);
    buf_add(&top->typed, buf_text(&added));
}

static void type(struct top *top, wint_t c)
{
    if (c >= ' ' && top->typed.len + 4 < DRILL_TEXT_MAX)
        text_put(&top->typed, (uint32_t)c);
}

static void prompt_key(struct top *top, wint_t key, bool is_function)
{
    if (is_function ? key == KEY_ENTER : key == '\r' || key == '\n')
        enter(top);
    else if (is_function ? key == KEY_BACKSPACE : key == DELETE || key == CONTROL('h'))
        rub_out(&top->typed);
    else if (is_function && key == KEY_UP)
        recall(top);
    else if (is_function)
        return;
    else if (key == ESCAPE || key == CONTROL('g'))
        prompt(top, TOP_LOOKS);
    else if (key == CONTROL('u'))
        buf_clear(&top->typed);
    else if (key == '\t')
        complete(top);
    else
        type(top, key);
}

/* --- without a prompt --- */

static void look_key(struct top *top, wint_t key)
{
    switch (key) {
    case 'i': prompt(top, TOP_INJECTS); break;
    case 'l': prompt(top, TOP_LIFTS); break;
    case 'n': prompt(top, TOP_NOTES); break;
    case 'h': halt(top); break;
    case 'r': resume(top); break;
    case 'c': ask(top, TOP_LOOKS, &(struct drill_request){.ask = DRILL_CONTINUE}); break;
    case 'q': top->quits = true; break;
    case '?': top->mode = TOP_HELPS; break;
    default: break;
    }
}

void top_key(struct top *top, wint_t key, bool is_function)
{
    if (is_function && key == KEY_RESIZE)
        return;
    if (top->mode == TOP_HELPS)
        top->mode = TOP_LOOKS;
    else if (top->mode != TOP_LOOKS)
        prompt_key(top, key, is_function);
    else if (!is_function)
        look_key(top, key);
}

/* SARIF 2.1.0 (OASIS), as GitHub's code scanning, Azure DevOps and editors read it.  Floor 4.
 *
 * A rule for each way to end, a result for each defect with its two stacks.  The fingerprint holds no line,
 * so that a finding stays the same one while code above it moves.  A file below the folder that was explored
 * from has a relative URI under %SRCROOT%, as GitHub wants it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "chaosctl/report/explore.h"
#include "chaosctl/report/explore_json.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

static json_t *message(const char *text)
{
    return json_pack("{s:o}", "text", explore_json_text(text));
}

/* --- places --- */

/* RFC 3986: what is no path character is percent-encoded. */
static void put_uri(const char *path, struct buf *out)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/!$&'()*+,;=@";

    for (; *path; path++)
        if (strchr(plain, *path))
            buf_add_char(out, *path);
        else
            buf_printf(out, "%%%02X", (unsigned char)*path);
}

static json_t *artifact_of(const char *path)
{
    cleanup_buf struct buf uri = {0};

    buf_add(&uri, *path == '/' ? "file://" : "");
    put_uri(path, &uri);
    if (*path == '/')
        return json_pack("{s:o}", "uri", explore_json_buf(&uri));
    return json_pack("{s:o, s:s}", "uri", explore_json_buf(&uri), "uriBaseId", "%SRCROOT%");
}

static json_t *physical_of(const struct place *place)
{
    if (place->file && place->line)
        return json_pack("{s:o, s:{s:i}}", "artifactLocation", artifact_of(place->file), "region",
                         "startLine", place->line);
    if (place->module)
        return json_pack("{s:o}", "artifactLocation", artifact_of(place->module->path));
    return NULL;
}

static json_t *function_of(const struct place *place)
{
    cleanup_buf struct buf name = {0};

    place_name(place, &name);
    json_t *function = json_pack("{s:o}", "name", explore_json_buf(&name));
    if (place->function)
        json_object_set_new(function, "kind", json_string("function"));
    return function;
}

static json_t *location_of(const struct place *place)
{
    json_t *location = json_object(), *physical = physical_of(place);

    if (physical)
        json_object_set_new(location, "physicalLocation", physical);
    json_object_set_new(location, "logicalLocations", json_pack("[o]", function_of(place)));
    return location;
}

static json_t *stack_of(const char *title, const struct trail *trail)
{
    json_t *frames = json_array();

    for (size_t i = 0; i < trail->count; i++)
        json_array_append_new(frames,
                              json_pack("{s:o, s:o}", "location", location_of(&trail->places[i]), "module",
                                        explore_json_text(place_module(&trail->places[i]))));
    return json_pack("{s:o, s:o}", "message", message(title), "frames", frames);
}

static json_t *stacks_of(const struct defect *d)
{
    json_t *stacks = json_array();

    if (d->crash.count)
        json_array_append_new(stacks, stack_of("where it ended", &d->crash));
    if (d->injected.count)
        json_array_append_new(stacks, stack_of("the call that failed", &d->injected));
    return stacks;
}

/* --- results --- */

static json_t *rule_of(enum ending ending)
{
    cleanup_buf struct buf id = {0}, text = {0};

    buf_printf(&id, "explore/%s", ending_name(ending));
    buf_printf(&text, "The program %s when a call that may fail does", ending_words(ending));
    return json_pack("{s:o, s:o, s:{s:s}}", "id", explore_json_buf(&id), "shortDescription",
                     message(buf_text(&text)), "defaultConfiguration", "level", "error");
}

static json_t *rules(void)
{
    json_t *list = json_array();

    for (int e = ENDING_SURVIVED + 1; e < ENDING_COUNT; e++)
        json_array_append_new(list, rule_of((enum ending)e));
    return list;
}

static json_t *text_of(const struct defects *defects, const struct defect *d)
{
    cleanup_buf struct buf text = {0};

    explore_sentence(d, &text);
    buf_add(&text, ".");
    if (d->finding->detail)
        buf_printf(&text, " Seen: %s.", d->finding->detail);
    buf_add(&text, " Replay: ");
    explore_replay(defects, d, &text);
    return message(buf_text(&text));
}

/* GitHub refuses a result without a location: failing all else, the program. */
static json_t *locations_of(const struct defects *defects, const struct defect *d)
{
    const char *program = defects->result->program ? defects->result->program : "program";

    return json_pack(
        "[o]", d->at ? location_of(d->at)
                     : json_pack("{s:{s:o}}", "physicalLocation", "artifactLocation", artifact_of(program)));
}

static void put_state(const struct defects *defects, const struct defect *d, json_t *result)
{
    if (defects->has_baseline)
        json_object_set_new(result, "baselineState",
                            json_string(d->state == DEFECT_KNOWN ? "unchanged" : "new"));
    if (!d->suppression)
        return;
    cleanup_buf struct buf why = {0};
    buf_printf(&why, "%s (until %s)", d->suppression->reason, d->suppression->until);
    json_object_set_new(result, "suppressions",
                        json_pack("[{s:s, s:s, s:o}]", "kind", "external", "status", "accepted",
                                  "justification", explore_json_buf(&why)));
}

static json_t *result_of(const struct defects *defects, const struct defect *d)
{
    cleanup_buf struct buf rule = {0};
    char id[24];

    snprintf(id, sizeof(id), "%016" PRIx64, d->id);
    buf_printf(&rule, "explore/%s", ending_name(d->finding->outcome));
    json_t *result =
        json_pack("{s:o, s:i, s:s, s:o, s:o, s:o, s:{s:s}}", "ruleId", explore_json_buf(&rule), "ruleIndex",
                  (int)d->finding->outcome - 1, "level", d->state == DEFECT_UNCONFIRMED ? "note" : "error",
                  "message", text_of(defects, d), "locations", locations_of(defects, d), "stacks",
                  stacks_of(d), "partialFingerprints", "chaosctl/v1", id);
    put_state(defects, d, result);
    return result;
}

static json_t *results_of(const struct defects *defects)
{
    json_t *list = json_array();

    for (size_t i = 0; i < defects->count; i++)
        json_array_append_new(list, result_of(defects, &defects->items[i]));
    return list;
}

static json_t *notification(const char *text)
{
    return json_pack("{s:s, s:o}", "level", "note", "message", message(text));
}

static json_t *invocation_of(const struct defects *defects)
{
    const struct explore_result *result = defects->result;
    json_t *notes = json_array(), *words = json_array();
    cleanup_buf struct buf extent = {0};

    explore_extent(result, &extent);
    json_array_append_new(notes, notification(buf_text(&extent)));
    for (size_t i = 0; i < result->notes_count; i++)
        json_array_append_new(notes, notification(result->notes[i]));
    json_array_append_new(words, json_string("explore"));
    json_array_append_new(words, json_string("--"));
    for (char *const *word = result->argv; word && *word; word++)
        json_array_append_new(words, explore_json_text(*word));
    return json_pack("{s:b, s:i, s:o, s:o}", "executionSuccessful", explore_exit_code(defects) != 2,
                     "exitCode", explore_exit_code(defects), "arguments", words, "toolExecutionNotifications",
                     notes);
}

/* What %SRCROOT% is: with the slash that resolving a relative URI needs. */
static json_t *bases_of(const struct defects *defects)
{
    cleanup_buf struct buf folder = {0};

    buf_printf(&folder, "%s/", defects->result->folder ? defects->result->folder : "");
    return json_pack("{s:o}", "%SRCROOT%", artifact_of(buf_text(&folder)));
}

static int render(const struct defects *defects, const struct report_style *style, struct buf *ret_text)
{
    (void)style;
    json_t *driver =
        json_pack("{s:s, s:s, s:o}", "name", "chaosctl", "version", CHAOSCTL_VERSION, "rules", rules());
    json_t *run = json_pack("{s:{s:o}, s:[o], s:s, s:o, s:o}", "tool", "driver", driver, "invocations",
                            invocation_of(defects), "columnKind", "unicodeCodePoints", "originalUriBaseIds",
                            bases_of(defects), "results", results_of(defects));
    json_t *root = json_pack("{s:s, s:s, s:[o]}", "$schema", SCHEMA, "version", "2.1.0", "runs", run);
    return explore_json_put(root, ret_text);
}

const struct explore_report explore_report_sarif = {
    .name = "sarif",
    .summary = "SARIF 2.1.0, for code scanning and editors",
    .render = render,
};

/* Data to JSON, and masking: one case per field type.  Floor 4. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chaosctl/report/layout.h"
#include "chaosctl/report/text.h"
#include "chaosctl/run/result.h"

struct encoder {
    const struct scenario *scenario;
    size_t limit;
};

static json_t *encode_text(const struct encoder *encoder, const char *text)
{
    cleanup_buf struct buf masked = {0}, valid = {0};

    if (encoder->scenario)
        scenario_mask(encoder->scenario, text, &masked);
    text_valid(&valid, encoder->scenario ? buf_text(&masked) : text, encoder->limit);
    return masked.failed || valid.failed ? NULL : json_string(buf_text(&valid));
}

static json_t *encode_decimals(uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    return json_string(text);
}

static json_t *encode_u64(uint64_t value)
{
    return value > INT64_MAX ? encode_decimals(value) : json_integer((json_int_t)value);
}

/* JSON knows no infinity; a ratio without samples is 0. */
static json_t *encode_number(double value)
{
    json_t *number = json_real(value);

    return number ? number : json_real(0);
}

static json_t *encode_answers(uint32_t answers)
{
    json_t *list = json_array();

    for (int q = 0; list && q < QUESTION_COUNT; q++)
        if (answers & 1u << q)
            json_array_append_new(list, json_string(question_name((enum question)q)));
    return list;
}

static json_t *encode_phases(const uint64_t phase_ns[static PHASE_COUNT])
{
    json_t *object = json_object();

    for (int p = 0; object && p < PHASE_COUNT; p++)
        if (phase_ns[p])
            json_object_set_new(object, phase_name((enum phase)p), encode_u64(phase_ns[p]));
    return object;
}

static json_t *encode_list(const struct encoder *e, const struct field *field, const char *data)
{
    const char *items = *(const char *const *)(data + field->offset);
    size_t count = *(const size_t *)(data + field->count_offset);
    json_t *list = json_array();

    for (size_t i = 0; list && i < count; i++) {
        json_t *item =
            layout_encode(field->layout, items + i * field->layout->size_bytes, e->scenario, e->limit);
        if (json_array_append_new(list, item)) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *encode_field(const struct encoder *encoder, const struct field *field, const char *data)
{
    const void *at = data + field->offset;
    const struct position *position = at;

    switch (field->type) {
    case FIELD_TEXT: return encode_text(encoder, *(const char *const *)at);
    case FIELD_U64: return encode_u64(*(const uint64_t *)at);
    case FIELD_SIZE: return encode_u64(*(const size_t *)at);
    case FIELD_SEED: return encode_decimals(*(const uint64_t *)at);
    case FIELD_BOOL: return json_boolean(*(const bool *)at);
    case FIELD_NUMBER: return encode_number(*(const double *)at);
    case FIELD_NAME: return json_string(field->name(*(const unsigned *)at));
    case FIELD_ANSWERS: return encode_answers(*(const uint32_t *)at);
    case FIELD_POSITION: return json_pack("{s:i, s:i}", "line", position->line, "column", position->column);
    case FIELD_PHASES: return encode_phases(at);
    case FIELD_LIST: return encode_list(encoder, field, data);
    case FIELD_TYPE_COUNT: break;
    }
    return NULL;
}

static bool is_absent(const struct field *field, const char *data)
{
    return field->type == FIELD_TEXT && !*(const char *const *)(data + field->offset);
}

json_t *layout_encode(const struct layout *layout, const void *data, const struct scenario *scenario,
                      size_t limit)
{
    struct encoder encoder = {scenario, limit};
    json_t *object = json_object();

    for (const struct field *f = layout->fields; object && f->key; f++) {
        if (is_absent(f, data))
            continue;
        if (json_object_set_new(object, f->key, encode_field(&encoder, f, data))) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static int mask_text(const char **text, struct arena *arena, const struct scenario *scenario)
{
    cleanup_buf struct buf masked = {0};

    if (!*text)
        return 0;
    scenario_mask(scenario, *text, &masked);
    const char *copy = masked.failed ? NULL : arena_copy(arena, buf_text(&masked));
    if (!copy)
        return -ENOMEM;
    *text = copy;
    return 0;
}

int layout_mask(const struct layout *layout, void *data, struct arena *arena, const struct scenario *scenario)
{
    int r = 0;

    for (const struct field *f = layout->fields; !r && f->key; f++) {
        char *at = (char *)data + f->offset;
        if (f->type == FIELD_TEXT)
            r = mask_text((const char **)at, arena, scenario);
        if (f->type != FIELD_LIST)
            continue;
        size_t count = *(size_t *)((char *)data + f->count_offset);
        for (size_t i = 0; !r && i < count; i++)
            r = layout_mask(f->layout, *(char **)at + i * f->layout->size_bytes, arena, scenario);
    }
    return r;
}

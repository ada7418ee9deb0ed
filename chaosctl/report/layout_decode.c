/* JSON back to data: one case per field type.  Floor 4.  What is of the wrong type is an error, never a
 * guess. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chaosctl/base/unit.h"
#include "chaosctl/report/layout.h"
#include "chaosctl/run/result.h"

static int decode_text(const json_t *value, struct arena *arena, const char **ret_text)
{
    if (!json_is_string(value))
        return -EINVAL;
    *ret_text = arena_copy_n(arena, json_string_value(value), json_string_length(value));
    return *ret_text ? 0 : -ENOMEM;
}

static int decode_u64(const json_t *value, uint64_t *ret_value)
{
    if (json_is_string(value))
        return unit_parse_count(json_string_value(value), ret_value) ? -EINVAL : 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return -EINVAL;
    *ret_value = (uint64_t)json_integer_value(value);
    return 0;
}

static int decode_size(const json_t *value, size_t *ret_value)
{
    uint64_t wide = 0;
    int r = decode_u64(value, &wide);

    if (!r)
        *ret_value = (size_t)wide;
    return r;
}

static int decode_bool(const json_t *value, bool *ret_value)
{
    if (!json_is_boolean(value))
        return -EINVAL;
    *ret_value = json_is_true(value);
    return 0;
}

static int decode_number(const json_t *value, double *ret_value)
{
    if (!json_is_number(value))
        return -EINVAL;
    *ret_value = json_number_value(value);
    return 0;
}

static int decode_name(const struct field *field, const json_t *value, unsigned *ret_value)
{
    for (unsigned i = 0; json_is_string(value) && i < field->names; i++)
        if (!strcmp(field->name(i), json_string_value(value))) {
            *ret_value = i;
            return 0;
        }
    return -EINVAL;
}

static uint32_t question_bit(const char *name)
{
    for (int q = 0; name && q < QUESTION_COUNT; q++)
        if (!strcmp(question_name((enum question)q), name))
            return 1u << q;
    return 0;
}

static int decode_answers(const json_t *value, uint32_t *ret_answers)
{
    size_t i;
    json_t *item;

    if (!json_is_array(value))
        return -EINVAL;
    json_array_foreach(value, i, item) *ret_answers |= question_bit(json_string_value(item));
    return 0;
}

static int decode_position(const json_t *value, struct position *ret_at)
{
    uint64_t line = 0, column = 0;

    if (decode_u64(json_object_get(value, "line"), &line) ||
        decode_u64(json_object_get(value, "column"), &column) || line > INT32_MAX || column > INT32_MAX)
        return -EINVAL;
    *ret_at = (struct position){(int)line, (int)column};
    return 0;
}

static int decode_phases(const json_t *value, uint64_t phase_ns[static PHASE_COUNT])
{
    if (!json_is_object(value))
        return -EINVAL;
    for (int p = 0; p < PHASE_COUNT; p++) {
        const json_t *one = json_object_get(value, phase_name((enum phase)p));
        if (one && decode_u64(one, &phase_ns[p]))
            return -EINVAL;
    }
    return 0;
}

static int decode_list(const struct field *field, const json_t *value, struct arena *arena, char *data,
                       const char **ret_key)
{
    size_t count = json_array_size(value), size = field->layout->size_bytes;

    if (!json_is_array(value))
        return -EINVAL;
    char *items = arena_take(arena, count * size);
    if (!items)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int r = layout_decode(field->layout, json_array_get(value, i), arena, items + i * size, ret_key);
        if (r)
            return r;
    }
    *(char **)(data + field->offset) = count ? items : NULL;
    *(size_t *)(data + field->count_offset) = count;
    return 0;
}

static int decode_field(const struct field *field, const json_t *value, struct arena *arena, char *data,
                        const char **ret_key)
{
    void *at = data + field->offset;

    switch (field->type) {
    case FIELD_TEXT: return decode_text(value, arena, at);
    case FIELD_U64:
    case FIELD_SEED: return decode_u64(value, at);
    case FIELD_SIZE: return decode_size(value, at);
    case FIELD_BOOL: return decode_bool(value, at);
    case FIELD_NUMBER: return decode_number(value, at);
    case FIELD_NAME: return decode_name(field, value, at);
    case FIELD_ANSWERS: return decode_answers(value, at);
    case FIELD_POSITION: return decode_position(value, at);
    case FIELD_PHASES: return decode_phases(value, at);
    case FIELD_LIST: return decode_list(field, value, arena, data, ret_key);
    case FIELD_TYPE_COUNT: break;
    }
    return -EINVAL;
}

int layout_decode(const struct layout *layout, const json_t *object, struct arena *arena, void *data,
                  const char **ret_key)
{
    for (const struct field *f = layout->fields; f->key; f++) {
        const json_t *value = json_object_get(object, f->key);
        /* A name left out would read as the first one, which is "pass". */
        if (!value && f->type != FIELD_NAME)
            continue;
        const char *inner = NULL;
        int r = decode_field(f, value, arena, data, &inner);
        if (r) {
            *ret_key = inner ? inner : f->key;
            return r;
        }
    }
    return 0;
}

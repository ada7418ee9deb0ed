/* JSON of proxies and toxics.  Floor 3. */
#include <string.h>
#include <strings.h>

#include "chaosctl/proxy/json.h"

/* --- out --- */

static json_t *attributes_json(const struct toxic *t)
{
    const char *const *names = toxic_attributes((enum toxic_kind)t->kind);
    json_t *object = json_object();

    for (int i = 0; i < TOXIC_ATTRIBUTES && names[i]; i++)
        json_object_set_new(object, names[i], json_integer(t->value[i]));
    return object;
}

static const char *stream_of(uint8_t way)
{
    return way == RELAY_UP ? "upstream" : "downstream";
}

/* A whole number stays one. */
static json_t *number(double value)
{
    json_int_t whole = (json_int_t)value;

    return (double)whole < value || (double)whole > value ? json_real(value) : json_integer(whole);
}

json_t *toxic_json(const struct proxy *proxy, uint32_t place)
{
    const struct toxic *t = &proxy->toxics.toxic[place];

    return json_pack("{s:o, s:s, s:s, s:s, s:o}", "attributes", attributes_json(t), "name",
                     proxy->toxic_name[place], "type", toxic_name((enum toxic_kind)t->kind), "stream",
                     stream_of(t->way), "toxicity", number(t->toxicity));
}

/* The next of that direction in the order in which they were made. */
static uint32_t next_toxic(const struct proxy *proxy, uint8_t way, uint64_t from)
{
    uint32_t found = TOXICS_MAX;

    for (uint32_t i = 0; i < TOXICS_MAX; i++) {
        if (!proxy->toxic_name[i] || proxy->toxics.toxic[i].way != way || proxy->toxic_order[i] < from)
            continue;
        if (found == TOXICS_MAX || proxy->toxic_order[i] < proxy->toxic_order[found])
            found = i;
    }
    return found;
}

json_t *toxics_json(const struct proxy *proxy)
{
    json_t *list = json_array();

    for (uint8_t way = 0; way < RELAY_WAYS; way++)
        for (uint32_t i = next_toxic(proxy, way, 0); i < TOXICS_MAX;
             i = next_toxic(proxy, way, proxy->toxic_order[i] + 1))
            json_array_append_new(list, toxic_json(proxy, i));
    return list;
}

json_t *proxy_json(const struct proxy *proxy)
{
    return json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", proxy->name, "listen", proxy->listen, "upstream",
                     proxy->upstream, "enabled", proxy->is_enabled, "toxics", toxics_json(proxy));
}

/* --- in --- */

/* NULL: it is not there, or null. */
static const json_t *member(const json_t *object, const char *key)
{
    const json_t *found = json_object_get(object, key);
    const char *name;
    json_t *value;

    if (!found)
        json_object_foreach((json_t *)object, name, value) if (!strcasecmp(name, key)) found = value;
    return json_is_null(found) ? NULL : found;
}

static bool wrong_type(struct problem *problem, const char *key, const char *wanted)
{
    return problem_set(problem, 400, "bad request body: %s is not %s", key, wanted);
}

static bool is_object(const json_t *value, struct problem *problem)
{
    return json_is_object(value) || problem_set(problem, 400, "bad request body: not a JSON object");
}

static bool read_text(const json_t *object, const char *key, const char **text, struct problem *problem)
{
    const json_t *value = member(object, key);

    if (!value)
        return true;
    if (!json_is_string(value))
        return wrong_type(problem, key, "a string");
    *text = json_string_value(value);
    return true;
}

bool proxy_wish_read(const json_t *object, struct proxy_wish *ret_wish, struct problem *ret_problem)
{
    if (!is_object(object, ret_problem))
        return false;
    const json_t *enabled = member(object, "enabled");
    if (enabled && !json_is_boolean(enabled))
        return wrong_type(ret_problem, "enabled", "true or false");
    if (enabled)
        ret_wish->is_enabled = json_is_true(enabled);
    return read_text(object, "name", &ret_wish->name, ret_problem) &&
           read_text(object, "listen", &ret_wish->listen, ret_problem) &&
           read_text(object, "upstream", &ret_wish->upstream, ret_problem);
}

static bool read_attributes(const json_t *object, struct toxic *toxic, struct problem *problem)
{
    const char *const *names = toxic_attributes((enum toxic_kind)toxic->kind);
    const json_t *attributes = member(object, "attributes");

    if (attributes && !json_is_object(attributes))
        return wrong_type(problem, "attributes", "an object");
    for (int i = 0; attributes && i < TOXIC_ATTRIBUTES && names[i]; i++) {
        const json_t *value = member(attributes, names[i]);
        if (value && !json_is_integer(value))
            return wrong_type(problem, names[i], "a whole number");
        if (value)
            toxic->value[i] = json_integer_value(value);
    }
    return true;
}

static bool read_toxicity(const json_t *object, struct toxic *toxic, struct problem *problem)
{
    const json_t *value = member(object, "toxicity");

    if (value && !json_is_number(value))
        return wrong_type(problem, "toxicity", "a number");
    if (value)
        toxic->toxicity = json_number_value(value);
    return true;
}

bool toxic_read(const json_t *object, struct toxic *ret_toxic, const char **ret_name,
                struct problem *ret_problem)
{
    struct toxic toxic = {.toxicity = 1};
    const char *type = "", *stream = "downstream", *name = NULL;

    if (!is_object(object, ret_problem) || !read_text(object, "name", &name, ret_problem) ||
        !read_text(object, "type", &type, ret_problem) ||
        !read_text(object, "stream", &stream, ret_problem) || !read_toxicity(object, &toxic, ret_problem))
        return false;
    if (strcasecmp(stream, "upstream") && strcasecmp(stream, "downstream"))
        return problem_set(ret_problem, 400, "stream was invalid, can be either upstream or downstream");
    toxic.way = strcasecmp(stream, "upstream") ? RELAY_DOWN : RELAY_UP;
    toxic.kind = (uint8_t)toxic_find(type);
    if (toxic.kind == TOXIC_NONE)
        return problem_set(ret_problem, 400, "invalid toxic type");
    if (!read_attributes(object, &toxic, ret_problem))
        return false;
    *ret_toxic = toxic;
    *ret_name = name && *name ? name : NULL;
    return true;
}

bool toxic_update_read(const json_t *object, struct toxic *toxic, struct problem *ret_problem)
{
    struct toxic changed = *toxic;

    if (!is_object(object, ret_problem) || !read_toxicity(object, &changed, ret_problem) ||
        !read_attributes(object, &changed, ret_problem))
        return false;
    *toxic = changed;
    return true;
}

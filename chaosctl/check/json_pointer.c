/* JSON Pointer, RFC 6901.  Floor 3. */
#include <stdbool.h>
#include <string.h>

#include "chaosctl/base/buf.h"
#include "chaosctl/check/json_pointer.h"

/* One reference token, with ~1 and ~0 undone; false: a tilde that stands for nothing. */
static bool unescape(const char *token, size_t len, struct buf *key)
{
    for (size_t i = 0; i < len; i++) {
        if (token[i] != '~') {
            buf_add_char(key, token[i]);
            continue;
        }
        i++;
        if (i == len || (token[i] != '0' && token[i] != '1'))
            return false;
        buf_add_char(key, token[i] == '0' ? '~' : '/');
    }
    return !key->failed;
}

/* Decimal, no sign, no leading zero.  "-", the element after the last, never exists. */
static const json_t *element(const json_t *array, const char *key)
{
    size_t index = 0;

    if (!*key || (key[0] == '0' && key[1]))
        return NULL;
    for (; *key; key++) {
        if (*key < '0' || *key > '9' || index > json_array_size(array))
            return NULL;
        index = index * 10 + (size_t)(*key - '0');
    }
    return json_array_get(array, index);
}

static const json_t *step(const json_t *value, const char *token, size_t len)
{
    cleanup_buf struct buf key = {0};

    buf_add(&key, "");
    if (!unescape(token, len, &key))
        return NULL;
    if (json_is_array(value))
        return element(value, buf_text(&key));
    return json_object_get(value, buf_text(&key));
}

const json_t *json_pointer_find(const json_t *root, const char *pointer)
{
    const json_t *value = root;

    while (value && *pointer) {
        if (*pointer != '/')
            return NULL;
        size_t len = strcspn(++pointer, "/");
        value = step(value, pointer, len);
        pointer += len;
    }
    return value;
}

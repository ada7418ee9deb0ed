/* Call stacks as module and address.  Floor 1.
 *
 * The unwinder is libgcc's, linked in: it looks modules up without a lock and allocates nothing.  What a
 * return address means is remembered, since a program calls from few places. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>
#include <unwind.h>

#include "preload/explore/explore.h"

#define KNOWN      8192 /* a power of two */
#define NO_ADDRESS UINT64_MAX

/* Each entry is two words that are written apart: the check tells a torn one. */
static struct known {
    _Atomic uint64_t pc, frame, check;
} known[KNOWN];

static uintptr_t own_from, own_to;

static uint64_t mixed(uint64_t h)
{
    h ^= h >> 31;
    h *= UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

/* --- modules --- */

static void hex(const unsigned char *bytes, size_t count, char *ret, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (size_t i = 0; i < count && n + 2 < size; i++) {
        ret[n++] = digits[bytes[i] >> 4];
        ret[n++] = digits[bytes[i] & 15];
    }
    ret[n] = 0;
}

static void read_notes(const char *at, const char *end, struct explore_module *m)
{
    while (at + sizeof(ElfW(Nhdr)) <= end) {
        const ElfW(Nhdr) *note = (const void *)at;
        const char *name = at + sizeof(*note), *description = name + ((note->n_namesz + 3) & ~3u);
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4) &&
            description + note->n_descsz <= end) {
            hex((const void *)description, note->n_descsz, m->build_id, sizeof(m->build_id));
            return;
        }
        at = description + ((note->n_descsz + 3) & ~3u);
    }
}

static void read_build_id(const struct dl_find_object *found, struct explore_module *m)
{
    const ElfW(Ehdr) *header = found->dlfo_map_start;
    const ElfW(Phdr) *p = (const void *)((const char *)header + header->e_phoff);

    if (memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_phoff > 4096)
        return;
    for (int i = 0; i < header->e_phnum && !*m->build_id; i++)
        if (p[i].p_type == PT_NOTE) {
            const char *at = (const char *)(m->base + p[i].p_vaddr);
            read_notes(at, at + p[i].p_memsz, m);
        }
}

static void read_path(const struct link_map *map, struct explore_module *m)
{
    if (map->l_name && *map->l_name) {
        strncpy(m->path, map->l_name, sizeof(m->path) - 1);
        return;
    }
    raw(SYS_readlink, (long)"/proc/self/exe", (long)m->path, sizeof(m->path) - 1, 0, 0, 0);
}

/* Two threads may both make one: then there are two entries that say the same. */
static uint16_t module_of(const struct dl_find_object *found)
{
    uint32_t count = atomic_load(&area->modules_count);
    uint64_t base = found->dlfo_link_map->l_addr;

    for (uint32_t i = 0; i < count && i < EXPLORE_MODULES; i++)
        if (area->modules[i].base == base && *area->modules[i].path)
            return i;
    uint32_t index = atomic_fetch_add(&area->modules_count, 1);
    if (index >= EXPLORE_MODULES) {
        atomic_store(&area->modules_count, EXPLORE_MODULES);
        return EXPLORE_NO_MODULE;
    }
    struct explore_module *m = &area->modules[index];
    m->base = base;
    read_build_id(found, m);
    read_path(found->dlfo_link_map, m);
    return index;
}

static uint64_t frame_of(uint64_t pc)
{
    struct known *k = &known[mixed(pc) & (KNOWN - 1)];
    uint64_t frame = atomic_load_explicit(&k->frame, memory_order_relaxed);
    struct dl_find_object found;

    if (atomic_load_explicit(&k->pc, memory_order_relaxed) == pc &&
        atomic_load_explicit(&k->check, memory_order_relaxed) == (pc ^ frame))
        return frame;
    uint64_t module = EXPLORE_NO_MODULE, address = pc;
    if (!_dl_find_object((void *)(pc - 1), &found)) {
        module = module_of(&found);
        address = pc - found.dlfo_link_map->l_addr;
    }
    frame = module << EXPLORE_ADDRESS_BITS | (address & ((UINT64_C(1) << EXPLORE_ADDRESS_BITS) - 1));
    atomic_store_explicit(&k->pc, pc, memory_order_relaxed);
    atomic_store_explicit(&k->frame, frame, memory_order_relaxed);
    atomic_store_explicit(&k->check, pc ^ frame, memory_order_relaxed);
    return frame;
}

/* --- the walk --- */

struct walk {
    struct explore_stack *stack;
    uint64_t from; /* the frame with this address is the first; 0: the first that is not ours */
    bool skip_first, is_begun;
};

static bool begins(struct walk *w, uint64_t pc)
{
    if (w->is_begun)
        return true;
    w->is_begun = w->from ? pc == w->from : pc < own_from || pc >= own_to;
    return w->is_begun && !(w->from && w->skip_first);
}

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *arg)
{
    struct walk *w = arg;
    uint64_t pc = _Unwind_GetIP(context);

    if (!pc)
        return _URC_END_OF_STACK;
    if (!begins(w, pc))
        return _URC_NO_REASON;
    if (w->stack->depth == EXPLORE_FRAMES) {
        w->stack->is_cut = 1;
        return _URC_END_OF_STACK;
    }
    w->stack->frames[w->stack->depth++] = frame_of(pc);
    return _URC_NO_REASON;
}

void stack_take(const ucontext_t *context, bool skip_first, struct explore_stack *ret_stack)
{
    struct walk w = {.stack = ret_stack,
                     .from = context ? (uint64_t)context->uc_mcontext.gregs[REG_RIP] : 0,
                     .skip_first = skip_first};

    ret_stack->depth = 0;
    ret_stack->is_cut = 0;
    ret_stack->is_exact = context && !skip_first;
    _Unwind_Backtrace(step, &w);
}

/* By what the modules are, not where: the same in each run. */
uint64_t stack_hash(const struct explore_stack *stack, enum failing call)
{
    uint64_t h = mixed(call + 1);

    for (unsigned i = 0; i < stack->depth; i++) {
        uint64_t frame = stack->frames[i], module = frame >> EXPLORE_ADDRESS_BITS;
        uint64_t address = frame & ((UINT64_C(1) << EXPLORE_ADDRESS_BITS) - 1), id = 0;
        if (module == EXPLORE_NO_MODULE)
            address = 0;
        else
            memcpy(&id, area->modules[module].build_id, sizeof(id));
        h = mixed(h ^ address) + mixed(id + i);
    }
    return h ? h : 1;
}

void stack_prepare(void)
{
    struct dl_find_object found;

    if (_dl_find_object((void *)stack_prepare, &found))
        return;
    own_from = (uintptr_t)found.dlfo_map_start;
    own_to = (uintptr_t)found.dlfo_map_end;
    area->own_from = own_from;
    area->own_to = own_to;
}

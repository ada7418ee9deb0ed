/* The vDSO's clock.  Floor 1. */
#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

#include "preload/clock.h"

typedef int clock_read(clockid_t clock, struct timespec *ret_now);

static _Atomic(clock_read *) vdso_read;

/* What is needed of an image to go through its symbols. */
struct image {
    uintptr_t base; /* to be added to its addresses */
    const ElfW(Sym) * symbols;
    const char *names;
    uint32_t count; /* of symbols */
};

/* The table begins with the number of buckets, the first symbol that is hashed and the words of the filter;
 * each bucket names the first of a run of symbols, whose last has an odd hash. */
static uint32_t count_hashed(const uint32_t *hash)
{
    uint32_t buckets = hash[0], first = hash[1], last = 0;
    const uint32_t *bucket = hash + 4 + hash[2] * (sizeof(ElfW(Addr)) / sizeof(*hash));

    for (uint32_t i = 0; i < buckets; i++)
        last = bucket[i] > last ? bucket[i] : last;
    if (last < first)
        return first;
    while (!(bucket[buckets + last - first] & 1))
        last++;
    return last + 1;
}

/* The kernel leaves the addresses of the dynamic section as they were linked. */
static void read_dynamic(struct image *image, const ElfW(Dyn) * entry)
{
    for (; entry->d_tag != DT_NULL; entry++) {
        const void *there = (const void *)(image->base + entry->d_un.d_ptr);
        if (entry->d_tag == DT_SYMTAB)
            image->symbols = there;
        else if (entry->d_tag == DT_STRTAB)
            image->names = there;
        else if (entry->d_tag == DT_HASH)
            image->count = ((const uint32_t *)there)[1];
        else if (entry->d_tag == DT_GNU_HASH && !image->count)
            image->count = count_hashed(there);
    }
}

static bool read_image(const ElfW(Ehdr) * header, struct image *ret)
{
    const ElfW(Phdr) *part = (const void *)((const char *)header + header->e_phoff);
    const ElfW(Phdr) *dynamic = NULL;

    *ret = (struct image){0};
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return false;
    for (int i = 0; i < header->e_phnum; i++) {
        if (part[i].p_type == PT_LOAD && !ret->base)
            ret->base = (uintptr_t)header + part[i].p_offset - part[i].p_vaddr;
        else if (part[i].p_type == PT_DYNAMIC)
            dynamic = &part[i];
    }
    if (dynamic)
        read_dynamic(ret, (const void *)((const char *)header + dynamic->p_offset));
    return ret->symbols && ret->names;
}

/* NULL when there is none of that name. */
static const void *symbol_find(const struct image *image, const char *name)
{
    for (uint32_t i = 0; i < image->count; i++) {
        const ElfW(Sym) *symbol = &image->symbols[i];
        if (symbol->st_shndx != SHN_UNDEF && !strcmp(image->names + symbol->st_name, name))
            return (const void *)(image->base + symbol->st_value);
    }
    return NULL;
}

/* memcpy, since a data pointer may not be cast to a function's. */
void clock_find(void)
{
    const ElfW(Ehdr) *header = (const void *)getauxval(AT_SYSINFO_EHDR);
    struct image image;
    clock_read *function;

    if (!header || !read_image(header, &image))
        return;
    const void *found = symbol_find(&image, "__vdso_clock_gettime"); /* x86 and most others */
    if (!found)
        found = symbol_find(&image, "__kernel_clock_gettime"); /* arm64 */
    memcpy(&function, &found, sizeof(function));
    atomic_store_explicit(&vdso_read, function, memory_order_release);
}

uint64_t shim_now_ns(void)
{
    clock_read *read = atomic_load_explicit(&vdso_read, memory_order_acquire);
    struct timespec now;

    if (!read || read(CLOCK_MONOTONIC, &now))
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Copies of the folder, and what a run changed in them.  Floor 3. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaosctl/base/clean.h"
#include "chaosctl/explore/internal.h"

#define COPY_FILES_MAX 20000
#define COPY_BYTES_MAX (UINT64_C(256) << 20)

/* --- copying --- */

struct copy {
    uint64_t files, bytes;
    struct stat own; /* the scratch folder, which may lie within: not copied into itself */
};

static int copy_bytes(int in, int out)
{
    for (;;) {
        ssize_t n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0);
        if (n == 0)
            return 0;
        if (n < 0)
            break;
    }
    char block[1 << 16];
    for (ssize_t n; (n = read(in, block, sizeof(block)));)
        if (n < 0 || write(out, block, n) != n)
            return n < 0 ? -errno : -EIO;
    return 0;
}

static int copy_file(int from, int to, const char *name, const struct stat *st)
{
    cleanup_fd int in = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return errno == EACCES ? 0 : -errno; /* what we may not read, it may not either */
    cleanup_fd int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0)
        return -errno;
    int error = copy_bytes(in, out);
    fchmod(out, st->st_mode & 07777);
    futimens(out, (struct timespec[2]){st->st_atim, st->st_mtim});
    return error;
}

static int copy_link(int from, int to, const char *name)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(from, name, target, sizeof(target) - 1);

    if (len < 0)
        return -errno;
    target[len] = 0;
    return symlinkat(target, to, name) ? -errno : 0;
}

static int copy_folder(int from, int to, struct copy *copy);

static int copy_subfolder(int from, int to, const char *name, const struct stat *st, struct copy *copy)
{
    cleanup_fd int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (in < 0)
        return errno == EACCES ? 0 : -errno;
    if (mkdirat(to, name, 0700))
        return -errno;
    cleanup_fd int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out < 0)
        return -errno;
    int error = copy_folder(in, out, copy);
    fchmod(out, st->st_mode & 07777);
    futimens(out, (struct timespec[2]){st->st_atim, st->st_mtim});
    return error;
}

static int copy_entry(int from, int to, const char *name, struct copy *copy)
{
    struct stat st;

    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? 0 : -errno;
    if (st.st_dev == copy->own.st_dev && st.st_ino == copy->own.st_ino)
        return 0;
    copy->bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    if (++copy->files > COPY_FILES_MAX || copy->bytes > COPY_BYTES_MAX)
        return -EFBIG;
    switch (st.st_mode & S_IFMT) {
    case S_IFREG: return copy_file(from, to, name, &st);
    case S_IFLNK: return copy_link(from, to, name);
    case S_IFDIR: return copy_subfolder(from, to, name, &st, copy);
    default: return 0; /* sockets, pipes and devices lead out of the folder */
    }
}

static int copy_folder(int from, int to, struct copy *copy)
{
    DIR *dir = fdopendir(dup(from));
    int error = 0;

    if (!dir)
        return -errno;
    for (struct dirent *e; !error && (e = readdir(dir));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            error = copy_entry(from, to, e->d_name, copy);
    closedir(dir);
    return error;
}

int scratch_copy(const char *from, const char *to, const char *own)
{
    struct copy copy = {0};
    if (stat(own, &copy.own))
        return -errno;
    cleanup_fd int in = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (in < 0)
        return -errno;
    if (mkdir(to, 0700))
        return -errno;
    cleanup_fd int out = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return out < 0 ? -errno : copy_folder(in, out, &copy);
}

/* A program may have taken its own permissions away. */
static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)walk;
    if (!remove(path) || errno == ENOENT)
        return 0;
    if (type == FTW_DNR)
        chmod(path, 0700);
    return 0;
}

int scratch_remove(const char *path)
{
    nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return access(path, F_OK) ? 0 : -ENOTEMPTY;
}

/* --- looking --- */

static uint64_t digest_of(const char *path)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    unsigned char block[1 << 14];
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    for (ssize_t n; fd >= 0 && (n = read(fd, block, sizeof(block))) > 0;)
        for (ssize_t i = 0; i < n; i++)
            h = (h ^ block[i]) * UINT64_C(0x100000001b3);
    return h;
}

static const struct tree_file *tree_find(const struct tree *tree, const char *path)
{
    size_t low = 0, high = tree ? tree->count : 0;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(path, tree->files[middle].path);
        if (!order)
            return &tree->files[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static uint64_t digest_once(const char *path, const struct tree_file *file, const struct tree *before)
{
    const struct tree_file *old = tree_find(before, file->path);

    if (!S_ISREG(file->mode))
        return 0;
    if (old && old->inode == file->inode && old->mtime_ns == file->mtime_ns && old->size == file->size)
        return old->digest;
    return digest_of(path);
}

static int tree_add(struct tree *tree, const char *root, const char *path, const struct stat *st,
                    const struct tree *before)
{
    if (!(tree->count & (tree->count - 1))) {
        struct tree_file *more = realloc(tree->files, (tree->count ? 2 * tree->count : 1) * sizeof(*more));
        if (!more)
            return -ENOMEM;
        tree->files = more;
    }
    struct tree_file *file = &tree->files[tree->count];
    *file = (struct tree_file){.path = strdup(path + strlen(root) + 1),
                               .mode = st->st_mode,
                               .size = S_ISREG(st->st_mode) ? st->st_size : 0,
                               .mtime_ns = st->st_mtim.tv_sec * UINT64_C(1000000000) + st->st_mtim.tv_nsec,
                               .inode = st->st_ino};
    if (!file->path)
        return -ENOMEM;
    file->digest = digest_once(path, file, before);
    tree->count++;
    return 0;
}

static int walk(struct tree *tree, const char *root, const char *folder, const struct tree *before)
{
    DIR *dir = opendir(folder);
    int error = 0;

    for (struct dirent *e; dir && !error && (e = readdir(dir));) {
        char path[PATH_MAX];
        struct stat st;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
            snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >= (int)sizeof(path) || lstat(path, &st))
            continue;
        error = tree_add(tree, root, path, &st, before);
        if (!error && S_ISDIR(st.st_mode))
            error = walk(tree, root, path, before);
    }
    if (dir)
        closedir(dir);
    return error;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct tree_file *)a)->path, ((const struct tree_file *)b)->path);
}

int tree_read(const char *root, const struct tree *before, struct tree *ret_tree)
{
    struct tree tree = {0};
    char folder[PATH_MAX];
    int error = 0;

    for (int i = 0; i < 2 && !error; i++) {
        snprintf(folder, sizeof(folder), "%s/%s", root, i ? "tmp" : "dir");
        error = walk(&tree, root, folder, before);
    }
    if (error) {
        tree_free(&tree);
        return error;
    }
    if (tree.count)
        qsort(tree.files, tree.count, sizeof(*tree.files), by_path);
    *ret_tree = tree;
    return 0;
}

void tree_free(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        free(tree->files[i].path);
    free(tree->files);
    *tree = (struct tree){0};
}

bool tree_same(const struct tree *a, const struct tree *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct tree_file *x = &a->files[i], *y = &b->files[i];
        if (strcmp(x->path, y->path) || x->mode != y->mode || x->size != y->size || x->digest != y->digest)
            return false;
    }
    return true;
}

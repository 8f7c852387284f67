/* Makes writes beneath a folder fail, in a process that is started with this library preloaded.

   MRI_FAULT_UNDER   the folder
   MRI_FAULT_SAID    a file elsewhere, to which each write is noted: its number, its kind and its file
   MRI_FAULT_AT      the number of the write that fails, from 1; 0 for none
   MRI_FAULT_ERRNO   with what it fails
   MRI_FAULT_WHILE   from then on all others fail as well while this file exists; without, that one alone fails

   Within a process arm() says it anew and begins to count again.

   A disk fills up in the middle of a write: where others fail after it, the first is cut in half.
   Counted is whatever asks a disk for room or makes it work: creating, writing, cutting, flushing and renaming. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static long count, fails_at = -1;
static int fails_with = ENOSPC, lasts;

/* lasting: whether all after it fail as well. Returns how many were counted before. */
long arm(long at, int with, int lasting) {
    pthread_mutex_lock(&counting);
    long before = count;
    count = 0, fails_at = at, fails_with = with, lasts = lasting;
    pthread_mutex_unlock(&counting);
    return before;
}

static int beneath(const char *path) {
    const char *folder = getenv("MRI_FAULT_UNDER");
    return folder && path && strncmp(path, folder, strlen(folder)) == 0 && path[strlen(folder)] == '/';
}

static void say(long number, const char *kind, const char *path, int failed) {
    const char *file = getenv("MRI_FAULT_SAID");
    if (!file) return;
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%ld %s %s%s\n", number, failed ? "FAILS" : "works", kind, path);
    int said = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    syscall(SYS_write, said, line, length);
    syscall(SYS_close, said);
}

/* 0: it may go on. 1: it fails. 2: it is the first to fail, and others will. */
static int fate(const char *kind, const char *path) {
    if (!beneath(path)) return 0;
    int before = errno, found = 0;
    const char *full = getenv("MRI_FAULT_WHILE");
    pthread_mutex_lock(&counting);
    if (fails_at < 0) {
        const char *at = getenv("MRI_FAULT_AT"), *with = getenv("MRI_FAULT_ERRNO");
        fails_at = at ? atol(at) : 0;
        fails_with = with ? atoi(with) : ENOSPC;
        lasts = full != NULL;
    }
    long number = ++count;
    if (fails_at && number == fails_at) found = lasts ? 2 : 1;
    if (fails_at && number > fails_at && lasts) found = 1;
    if (found && full && syscall(SYS_faccessat, AT_FDCWD, full, F_OK)) found = 0;
    say(number, kind, path, found);
    pthread_mutex_unlock(&counting);
    errno = found ? fails_with : before;
    return found;
}

static int fate_of(const char *kind, int descriptor) {
    char link[64], path[PATH_MAX];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = before;
    if (length < 0) return 0;
    path[length] = 0;
    return fate(kind, path);
}

ssize_t write(int descriptor, const void *data, size_t size) {
    int found = fate_of("write ", descriptor);
    if (found == 1 || (found && size < 2)) return -1;
    return REAL(write)(descriptor, data, found ? size / 2 : size);
}

static ssize_t write_at(int descriptor, const void *data, size_t size, off64_t at) {
    int found = fate_of("write ", descriptor);
    if (found == 1 || (found && size < 2)) return -1;
    return REAL(pwrite64)(descriptor, data, found ? size / 2 : size, at);
}

ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t at) {
    return write_at(descriptor, data, size, at);
}

ssize_t pwrite(int descriptor, const void *data, size_t size, off_t at) { return write_at(descriptor, data, size, at); }

ssize_t writev(int descriptor, const struct iovec *parts, int number) {
    return fate_of("write ", descriptor) ? -1 : REAL(writev)(descriptor, parts, number);
}

int ftruncate64(int descriptor, off64_t size) {
    return fate_of("cut ", descriptor) ? -1 : REAL(ftruncate64)(descriptor, size);
}

int ftruncate(int descriptor, off_t size) { return ftruncate64(descriptor, size); }

int fsync(int descriptor) { return fate_of("flush ", descriptor) ? -1 : REAL(fsync)(descriptor); }

int fdatasync(int descriptor) { return fate_of("flush ", descriptor) ? -1 : REAL(fdatasync)(descriptor); }

int rename(const char *from, const char *to) { return fate("rename ", to) ? -1 : REAL(rename)(from, to); }

int mkdir(const char *path, mode_t mode) {
    struct stat there;
    return stat(path, &there) && fate("mkdir ", path) ? -1 : REAL(mkdir)(path, mode);
}

static int creates(const char *path, int flags) {
    struct stat there;
    int before = errno, found = (flags & O_CREAT) && stat(path, &there);
    errno = before;
    return found && fate("create ", path);
}

/* Python calls one, libraries the other. */
#define OPENS(name)                                                            \
    int name(const char *path, int flags, ...) {                               \
        va_list more;                                                          \
        va_start(more, flags);                                                 \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                          \
        return creates(path, flags) ? -1 : REAL(open64)(path, flags, mode);    \
    }

OPENS(open64)
OPENS(open)

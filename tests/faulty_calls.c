// Stands in front of the C library (LD_PRELOAD): counts the calls that concern files under one
// folder, and lets one of them fail, fall short or be the last of the process.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kFiles = 4096, kKill = -1, kShort = -2 };

// What tests/faulty_server.py reads and writes; shared with the children that it forks.
struct Control {
  long seen;         // calls so far
  long at;           // the number of the call that goes wrong, from 1; 0: none
  int how;           // an errno, kKill or kShort
  int for_good;      // whether all calls after it fail as well
  char what[32];     // the name of the call that went wrong
  char folder[512];  // without a slash at the end; empty: nothing is counted
};

static struct Control* control;
static unsigned char ours[kFiles];  // by descriptor

// A process that is started anew, as workers are, has the control in the file that this names.
static const char kVariable[] = "ECGRT_FAULTY_CALLS";

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv(kVariable);
  const int file = path == NULL ? -1 : open(path, O_RDWR);
  const int flags = path == NULL ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
  void* shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, flags, file, 0);
  if (shared != MAP_FAILED) control = shared;
}

struct Control* faulty_control(void) { return control; }

static int is_file(int file) { return file >= 0 && file < kFiles && ours[file]; }

static int is_path(int folder, const char* path) {
  if (control == NULL || control->folder[0] == '\0' || path == NULL) return 0;
  if (path[0] != '/') return is_file(folder);
  const size_t size = strlen(control->folder);
  return strncmp(path, control->folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

static int keep(int file, int is_ours) {
  if (file >= 0 && file < kFiles) ours[file] = (unsigned char)is_ours;
  return file;
}

// Counts a call; returns 0, kShort, or an errno, which is set.
static int fault(const char* name) {
  if (control == NULL || control->folder[0] == '\0') return 0;
  const long number = __atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);
  if (control->at == 0 || number < control->at || (number > control->at && !control->for_good)) {
    return 0;
  }
  if (number == control->at) strncpy(control->what, name, sizeof control->what - 1);
  if (control->how == kKill) kill(getpid(), SIGKILL);
  if (control->how > 0) errno = control->how;
  return control->how;
}

static int fails(int is_ours, const char* name) { return is_ours && fault(name) > 0; }

static int makes_file(int flags) { return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE; }

// The function that the process would call without this one.
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                                    \
  int name(const char* path, int flags, ...) {                        \
    va_list rest;                                                     \
    va_start(rest, flags);                                            \
    const mode_t mode = makes_file(flags) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                     \
    const int is_ours = is_path(AT_FDCWD, path);                      \
    if (fails(is_ours, #name)) return -1;                             \
    return keep(NEXT(name)(path, flags, mode), is_ours);              \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                  \
  int name(int folder, const char* path, int flags, ...) {            \
    va_list rest;                                                     \
    va_start(rest, flags);                                            \
    const mode_t mode = makes_file(flags) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                     \
    const int is_ours = is_path(folder, path);                        \
    if (fails(is_ours, #name)) return -1;                             \
    return keep(NEXT(name)(folder, path, flags, mode), is_ours);      \
  }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                \
  FILE* name(const char* path, const char* mode) { \
    const int is_ours = is_path(AT_FDCWD, path);   \
    if (fails(is_ours, #name)) return NULL;        \
    FILE* const file = NEXT(name)(path, mode);     \
    if (file != NULL) keep(fileno(file), is_ours); \
    return file;                                   \
  }
FOPEN(fopen)
FOPEN(fopen64)

DIR* opendir(const char* path) {
  return fails(is_path(AT_FDCWD, path), "opendir") ? NULL : NEXT(opendir)(path);
}

int close(int file) {
  keep(file, 0);
  return NEXT(close)(file);
}

// Reads and writes; `args` are what follows the size.
#define TRANSFER(name, buffer, params, args)            \
  ssize_t name(int file, buffer, size_t size params) {  \
    const int found = is_file(file) ? fault(#name) : 0; \
    if (found > 0) return -1;                           \
    if (found == kShort && size > 1) size /= 2;         \
    return NEXT(name)(file, data, size args);           \
  }
#define COMMA ,
TRANSFER(read, void* data, , )
TRANSFER(write, const void* data, , )
TRANSFER(pread, void* data, COMMA off_t offset, COMMA offset)
TRANSFER(pread64, void* data, COMMA off64_t offset, COMMA offset)
TRANSFER(pwrite, const void* data, COMMA off_t offset, COMMA offset)
TRANSFER(pwrite64, const void* data, COMMA off64_t offset, COMMA offset)

#define SENDFILE(name, type)                                           \
  ssize_t name(int to, int from, type* offset, size_t size) {          \
    const int found = is_file(to) || is_file(from) ? fault(#name) : 0; \
    if (found > 0) return -1;                                          \
    if (found == kShort && size > 1) size /= 2;                        \
    return NEXT(name)(to, from, offset, size);                         \
  }
SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)

#define MMAP(name, type)                                                                   \
  void* name(void* place, size_t size, int protection, int flags, int file, type offset) { \
    if (!(flags & MAP_ANONYMOUS) && fails(is_file(file), #name)) return MAP_FAILED;        \
    return NEXT(name)(place, size, protection, flags, file, offset);                       \
  }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

#define CALL(name, is_ours, params, args) \
  int name params { return fails(is_ours, #name) ? -1 : NEXT(name) args; }
CALL(rename, is_path(AT_FDCWD, to), (const char* from, const char* to), (from, to))
CALL(renameat, is_path(second, to), (int first, const char* from, int second, const char* to),
     (first, from, second, to))
CALL(link, is_path(AT_FDCWD, to), (const char* from, const char* to), (from, to))
CALL(symlink, is_path(AT_FDCWD, to), (const char* from, const char* to), (from, to))
CALL(unlink, is_path(AT_FDCWD, path), (const char* path), (path))
CALL(unlinkat, is_path(folder, path), (int folder, const char* path, int flags),
     (folder, path, flags))
CALL(rmdir, is_path(AT_FDCWD, path), (const char* path), (path))
CALL(mkdir, is_path(AT_FDCWD, path), (const char* path, mode_t mode), (path, mode))
CALL(mkdirat, is_path(folder, path), (int folder, const char* path, mode_t mode),
     (folder, path, mode))
CALL(chmod, is_path(AT_FDCWD, path), (const char* path, mode_t mode), (path, mode))
CALL(fsync, is_file(file), (int file), (file))
CALL(fdatasync, is_file(file), (int file), (file))
CALL(flock, is_file(file), (int file, int how), (file, how))
CALL(ftruncate, is_file(file), (int file, off_t size), (file, size))
CALL(ftruncate64, is_file(file), (int file, off64_t size), (file, size))

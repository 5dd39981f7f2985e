#include "plan_source.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include "errors.h"

namespace ecgrt {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw PlanError(path + ": " + what);
}

}  // namespace

ByteBuffer::ByteBuffer(std::size_t size) : size_(size) {
  // Large ones in large pages, where the system has them: else it hands out a thousand small ones.
  const std::size_t alignment = size >= kHugePage ? kHugePage : kCacheLine;
  const std::size_t whole = std::max((size + alignment - 1) / alignment * alignment, alignment);
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, whole)));
  if (!data_) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (alignment == kHugePage) ::madvise(data_.get(), whole, MADV_HUGEPAGE);
#endif
}

void ByteBuffer::Free::operator()(std::byte* p) const { std::free(p); }

PlanSource::PlanSource(const std::string& path) : path_(path) {
  if (path.find('\0') != std::string::npos) fail(path.c_str(), "a zero follows in the plan's name");
  // Not blocking: a pipe would wait for somebody to write to it.
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file_ < 0) fail(path, std::string("cannot open the plan: ") + std::strerror(errno));
  struct stat status{};
  const bool regular = ::fstat(file_, &status) == 0 && S_ISREG(status.st_mode);
  if (!regular || status.st_size <= 0) {
    ::close(file_);
    fail(path, regular ? "the plan is an empty file" : "the plan is no file; give a file's name");
  }
  size_ = static_cast<std::size_t>(status.st_size);
}

PlanSource::PlanSource(std::span<const std::byte> bytes)
    : path_("plan in memory"), bytes_(bytes), size_(bytes.size()) {
  if (bytes.empty()) fail(path_, "it has no bytes");
}

PlanSource::~PlanSource() {
  if (file_ >= 0) ::close(file_);
}

bool PlanSource::try_read(std::size_t offset, std::span<std::byte> to) const noexcept {
  if (file_ < 0) {
    if (offset > size_ || to.size() > size_ - offset) return false;
    std::ranges::copy(bytes_.subspan(offset, to.size()), to.begin());
    return true;
  }
  while (!to.empty()) {
    const ssize_t got = ::pread(file_, to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    offset += static_cast<std::size_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

void PlanSource::read(std::size_t offset, std::span<std::byte> to) const {
  errno = 0;
  if (try_read(offset, to)) return;
  fail(path_, errno != 0 ? std::string("the plan cannot be read: ") + std::strerror(errno)
                         : "the plan got shorter while it was read; load it again");
}

ByteBuffer PlanSource::read_all() const {
  ByteBuffer content(size_);
  read(0, content.span());
  return content;
}

}  // namespace ecgrt

// A file mapped read-only.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace ecgrt {

// Throws PlanError if it cannot be.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

  // Tells that this stretch will not be read again, so that it need not stay in memory.
  void release(std::span<const std::byte> bytes) const;

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace ecgrt

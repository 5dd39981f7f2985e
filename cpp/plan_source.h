// A plan as a file or in memory, read piece by piece.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace ecgrt {

// Memory aligned to cache lines whose content is yet to be read.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  explicit ByteBuffer(std::size_t size);
  std::byte* data() const { return data_.get(); }
  std::span<std::byte> span() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

// Not mapped: a process whose mapping loses its file, because another one copies a new plan over
// it, is killed. What was read may be a mixture of two plans then, which its hashes tell.
class PlanSource {
 public:
  // Throws PlanError if there is no such file, or it is none that has a size.
  explicit PlanSource(const std::string& path);
  // `bytes` must outlive the source. Throws PlanError if there are none.
  explicit PlanSource(std::span<const std::byte> bytes);
  PlanSource(const PlanSource&) = delete;
  PlanSource& operator=(const PlanSource&) = delete;
  ~PlanSource();

  // What messages call it.
  const std::string& path() const { return path_; }
  std::size_t size() const { return size_; }

  // Fills `to` with what lies from `offset` on; false if it cannot be read, or is not there.
  bool try_read(std::size_t offset, std::span<std::byte> to) const noexcept;
  // Throws PlanError.
  void read(std::size_t offset, std::span<std::byte> to) const;
  ByteBuffer read_all() const;

 private:
  std::string path_;
  int file_ = -1;                     // -1: the plan is in memory
  std::span<const std::byte> bytes_;  // where it is there
  std::size_t size_ = 0;
};

}  // namespace ecgrt

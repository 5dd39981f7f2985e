// A fused convolution, ready to run: packed weights, the algorithm, and its division into tasks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cpu/kernels.h"
#include "cpu/plan_file.h"

namespace ecgrt {

inline std::size_t divide_up(std::size_t a, std::size_t b) {
  return (a + b - 1) / b;  // NOLINT(clang-analyzer-core.*): no divisor is 0, for no layer is empty
}

// Memory that is aligned to cache lines and freed by itself.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t bytes);
  std::byte* data() const { return data_.get(); }
  float* floats() const { return reinterpret_cast<float*>(data_.get()); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

// How one run of a layer is cut into tasks that do not depend on each other: blocks of tiles (or,
// for direct kernels, of rows) times groups of output panels.
struct Tasks {
  std::size_t first = 0;  // tile
  std::size_t end = 0;
  std::size_t tiles_per_block = 0;
  std::size_t blocks = 0;
  std::size_t panels_per_group = 0;
  std::size_t groups = 0;
  std::size_t count() const { return blocks * groups; }
};

class ConvLayer {
 public:
  // `rounded`: the input is kept in bfloat16.
  ConvLayer(const CpuPlan& plan, const PlanConvolution& convolution, bool rounded,
            const KernelTable& kernels);

  // Brings the weights into the form that the kernels read. Once, before the first run; not in the
  // constructor, so that layers can be packed side by side by threads, where nothing may fail.
  void pack(const Blob& weights) noexcept;

  // Rows of zeros that the kernel may read before and behind the input's own.
  std::size_t rows_before() const { return pad_; }
  std::size_t rows_behind() const { return (rows_read_ - 1) * stride_; }

  // Rows that are computed together: a stretch that ends before the last row ends with a tile.
  std::size_t rows_per_tile() const { return rows_per_tile_; }
  // Rows of output that so many rows of input are enough for, if more are to come.
  std::size_t rows_from(std::size_t input_rows) const;
  // The first row of input that rows from `row` of output on depend on.
  std::size_t rows_to_keep(std::size_t row) const;
  // Whether the weights are so many that threads had better read a share of them each.
  bool shares_weights() const;

  // Tasks for rows [first, end) of output; `first` is where a tile begins.
  Tasks divide(std::size_t first, std::size_t end, std::size_t workers) const;
  // Enough for any tasks of up to `rows` rows.
  std::size_t scratch_floats(std::size_t rows) const;

  // Runs one task. `input` is row 0 of the input tensor, with its rows of zeros around it.
  void run(const Tasks& tasks, std::size_t task, const float* input, const Epilogue& epilogue,
           float* scratch) const;

  // An epilogue with this layer's own parameters; where it reads and writes is the caller's.
  Epilogue epilogue() const;

  const std::string& algorithm() const { return algorithm_; }

 private:
  void pack_direct(const Blob& weights) noexcept;
  void prepare_tiles();
  void pack_tiles(const Blob& weights) noexcept;
  std::size_t tile_inputs(std::size_t rows) const;
  void run_tiles(const Tasks& tasks, std::size_t block, std::size_t group, const float* input,
                 const Epilogue& epilogue, float* scratch) const;
  void pack_spectra(const Blob& weights) noexcept;
  void run_fft(const Tasks& tasks, std::size_t block, std::size_t group, const float* input,
               const Epilogue& epilogue, float* scratch) const;
  std::size_t tiles_in(std::size_t bytes) const;
  std::size_t most_tiles(std::size_t tiles) const;
  std::size_t floats_per_bin() const;
  void store_halves(const float* spectrum, std::size_t first, std::size_t panels,
                    std::size_t channel) noexcept;

  const KernelTable& kernels_;
  const FftKernel* fft_ = nullptr;  // null: the direct kernel, or tiles
  std::string algorithm_;
  std::size_t taps_, stride_, pad_;
  std::size_t inputs_;   // channels of a row as it is run: stride * channels
  std::size_t outputs_;  // channels
  std::size_t panels_;
  std::size_t rows_per_tile_ = 1;
  std::size_t rows_read_ = 0;  // rows that a tile reads, in rows as they are run
  std::size_t steps_ = 0;      // of a tile's depth; 0: not on tiles
  bool half_ = false;
  bool rounded_;  // the input is bfloat16
  AlignedBuffer weights_;
  std::vector<float> bias_, scale_, shift_;
};

}  // namespace ecgrt

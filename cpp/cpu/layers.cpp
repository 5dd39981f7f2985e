#include "cpu/layers.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "cpu/cost_model.h"

namespace ecgrt {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePage = 2 * 1024 * 1024;
// A block's spectra stay in the L2 cache beside a few panels of weights.
constexpr std::size_t kBlockBytes = 192 * 1024;
constexpr std::size_t kLargeBlockBytes = 1024 * 1024;
constexpr std::size_t kL2Bytes = 512 * 1024;
// Rows that the direct kernel does in a task.
constexpr std::size_t kDirectBlock = 240;
// Rows that tiles do in a task: a multiple of what they do together.
constexpr std::size_t kTileBlock = 512;
// Above this the threads share out a layer's weights, below it its time steps.
constexpr std::size_t kSharedWeightBytes = 1024 * 1024;

std::vector<float> to_vector(const Blob& blob) {
  if (blob.data == nullptr) return {};
  return {blob.floats(), blob.floats() + blob.count};
}

// Copies `count` weights, a multiple of kChannelMultiple, as floats.
void copy_weights(const KernelTable& kernels, const Blob& blob, std::size_t first,
                  std::size_t count, float* to) {
  if (blob.is(NumberType::kFloat16)) {
    kernels.widen(blob.halves() + first, static_cast<std::ptrdiff_t>(count), to);
  } else {
    std::memcpy(to, blob.floats() + first, count * sizeof(float));
  }
}

// The floats from one bin to the next: an odd number of cache lines, so that bins of one channel
// never all fall into one cache set.
std::size_t bin_stride(std::size_t floats) {
  constexpr std::size_t kLine = kCacheLine / sizeof(float);
  return (divide_up(floats, kLine) | 1) * kLine;
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t bytes)
    : size_(divide_up(std::max<std::size_t>(bytes, 1), kCacheLine) * kCacheLine) {
  const std::size_t alignment = size_ >= kHugePage ? kHugePage : kCacheLine;
  size_ = divide_up(size_, alignment) * alignment;
  data_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, size_)));
  if (!data_) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (alignment == kHugePage) ::madvise(data_.get(), size_, MADV_HUGEPAGE);
#endif
}

void AlignedBuffer::Free::operator()(std::byte* p) const { std::free(p); }

ConvLayer::ConvLayer(const CpuPlan& plan, const PlanConvolution& convolution, bool rounded,
                     const KernelTable& kernels)
    : kernels_(kernels),
      taps_(divide_up(convolution.taps, convolution.stride)),
      stride_(convolution.stride),
      pad_(convolution.pad),
      inputs_(plan.tensors[convolution.input].channels * convolution.stride),
      outputs_(convolution.bias.count),
      panels_(divide_up(outputs_, kernels.panel)),
      rounded_(rounded),
      bias_(to_vector(convolution.bias)),
      scale_(to_vector(convolution.scale)),
      shift_(to_vector(convolution.shift)) {
  // A convolution of stride s is one of stride 1 over rows of s time steps each.
  const std::size_t rate = plan.tensors[convolution.input].rate * stride_;
  const std::size_t rows = std::max<std::size_t>(plan.opt_samples / rate, 1);
  if (convolution.weights.is(NumberType::kBfloat16)) {
    prepare_tiles();
    return;
  }
  half_ = convolution.weights.is(NumberType::kFloat16) && kernels.native_half;
  std::size_t weights = 0;
  for (const PlanConvolution& other : plan.convolutions) weights += other.weights.count;
  fft_ =
      choose_kernel({taps_, inputs_, outputs_, rows, half_ ? 2U : 4U, is_small(weights)}, kernels);
  if (fft_ != nullptr) {
    rows_per_tile_ = static_cast<std::size_t>(fft_->size) - taps_ + 1;
    rows_read_ = static_cast<std::size_t>(fft_->size);
    algorithm_ = "fft" + std::to_string(fft_->size);
    weights_ = AlignedBuffer(fft_->size * inputs_ * panels_ * kernels.panel * (half_ ? 2 : 4));
  } else {
    rows_read_ = taps_;
    half_ = false;
    algorithm_ = "direct";
    weights_ = AlignedBuffer(panels_ * taps_ * inputs_ * kernels.panel * sizeof(float));
  }
}

void ConvLayer::pack(const Blob& weights) noexcept {
  if (steps_ > 0) {
    pack_tiles(weights);
  } else if (fft_ != nullptr) {
    pack_spectra(weights);
  } else {
    pack_direct(weights);
  }
}

void ConvLayer::pack_direct(const Blob& weights) noexcept {
  const auto panel = static_cast<std::size_t>(kernels_.panel);
  const std::size_t depth = taps_ * inputs_;
  const std::size_t given = weights.count / outputs_;  // the stride need not divide the taps
  float* to = weights_.floats();
  std::fill_n(to, panels_ * depth * panel, 0.0F);
  for (std::size_t p = 0; p < panels_; ++p) {
    const std::size_t channels = std::min(panel, outputs_ - p * panel);
    for (std::size_t k = 0; k < given; ++k) {
      copy_weights(kernels_, weights, k * outputs_ + p * panel, channels,
                   to + (p * depth + k) * panel);
    }
  }
}

// The weights' spectra, by the forward kernel itself: an input channel's taps are the rows of a
// tile over the output channels. All bins are written at a time: a layer's fresh pages are then
// still in the cache, where the system left them when it cleared them.
void ConvLayer::pack_spectra(const Blob& weights) noexcept {
  const auto width = static_cast<std::size_t>(kernels_.panel);
  const std::size_t at_once = kPackChannels / width;
  alignas(kCacheLine) float tile[kMaxFftSize * kPackChannels];
  alignas(kCacheLine) float spectrum[kMaxFftSize / 2 * kMaxPlanes * kPackChannels];
  for (std::size_t first = 0; first < panels_; first += at_once) {
    const std::size_t panels = std::min(at_once, panels_ - first);
    const std::size_t channels = std::min(panels * width, outputs_ - first * width);
    const auto row = static_cast<std::ptrdiff_t>(panels * width);
    std::fill(std::begin(tile), std::end(tile), 0.0F);
    for (std::size_t k = 0; k < inputs_; ++k) {
      for (std::size_t tap = 0; tap < taps_; ++tap) {
        const std::size_t from = (tap * inputs_ + k) * outputs_ + first * width;
        if (from < weights.count) {
          copy_weights(kernels_, weights, from, channels, tile + tap * panels * width);
        } else {  // the stride need not divide the taps
          std::fill_n(tile + tap * panels * width, channels, 0.0F);
        }
      }
      fft_->forward(tile, row, row, 1, 1, spectrum, kernels_.planes * row);
      if (half_) {
        store_halves(spectrum, first, panels, k);
      } else {
        kernels_.pack(spectrum, fft_->size / 2, static_cast<std::ptrdiff_t>(panels),
                      static_cast<std::ptrdiff_t>(panels_),
                      static_cast<std::ptrdiff_t>(inputs_ * 2 * width),
                      weights_.floats() + (first * inputs_ + k) * 2 * width);
      }
    }
  }
}

void ConvLayer::store_halves(const float* spectrum, std::size_t first, std::size_t panels,
                             std::size_t channel) noexcept {
  const auto width = static_cast<std::size_t>(kernels_.panel);
  auto* weights = reinterpret_cast<std::uint16_t*>(weights_.data());
  for (std::size_t bin = 0; bin < static_cast<std::size_t>(fft_->size) / 2; ++bin) {
    for (std::size_t p = 0; p < panels; ++p) {
      const float* from = spectrum + (bin * kernels_.planes * panels + p) * width;
      float values[2 * kMaxPanel];
      for (std::size_t n = 0; n < width; ++n) {
        values[n] = from[n];
        values[width + n] = -from[panels * width + n];  // as in KernelTable::pack
      }
      kernels_.narrow(values, static_cast<std::ptrdiff_t>(2 * width),
                      weights + ((bin * panels_ + first + p) * inputs_ + channel) * 2 * width);
    }
  }
}

std::size_t ConvLayer::rows_from(std::size_t input_rows) const {
  const std::size_t ends = (input_rows + pad_) / stride_ + 1;
  return ends > taps_ ? ends - taps_ : 0;
}

std::size_t ConvLayer::rows_to_keep(std::size_t row) const {
  return row * stride_ > pad_ ? row * stride_ - pad_ : 0;
}

bool ConvLayer::shares_weights() const { return weights_.size() > kSharedWeightBytes; }

// Of a tile's spectra.
std::size_t ConvLayer::floats_per_bin() const { return kernels_.planes * inputs_ + 2 * outputs_; }

std::size_t ConvLayer::tiles_in(std::size_t bytes) const {
  const std::size_t tile_bytes = fft_->size / 2 * floats_per_bin() * sizeof(float);
  const std::size_t step = kernels_.complex_rows;
  return std::max(bytes / tile_bytes / step * step, step);
}

// Blocks whose spectra fit the L2 cache, unless reading the weights again for each of them moves
// more memory than writing and reading larger spectra does.
std::size_t ConvLayer::most_tiles(std::size_t tiles) const {
  if (steps_ > 0) return kTileBlock;
  if (fft_ == nullptr) return kDirectBlock;
  const std::size_t again = divide_up(tiles, tiles_in(kBlockBytes)) - 1;
  const std::size_t spectra = tiles * fft_->size / 2 * floats_per_bin() * sizeof(float);
  const bool large = weights_.size() > kL2Bytes && again * weights_.size() > 2 * spectra;
  return tiles_in(large ? kLargeBlockBytes : kBlockBytes);
}

Tasks ConvLayer::divide(std::size_t first, std::size_t end, std::size_t workers) const {
  Tasks tasks;
  tasks.first = first / rows_per_tile_;
  tasks.end = divide_up(end, rows_per_tile_);
  const std::size_t tiles = tasks.end - tasks.first, most = most_tiles(tiles);
  const bool share = shares_weights() && panels_ >= workers && tiles < most * workers;
  tasks.groups = share ? workers : 1;
  const std::size_t least = share ? 1 : workers;
  const std::size_t blocks = std::max(divide_up(tiles, most), std::min(least, tiles));
  const std::size_t together = steps_ > 0 ? 2 * kTileRows : 1;
  tasks.tiles_per_block = divide_up(divide_up(tiles, blocks), together) * together;
  tasks.blocks = divide_up(tiles, tasks.tiles_per_block);
  tasks.panels_per_group = divide_up(panels_, tasks.groups);
  tasks.groups = divide_up(panels_, tasks.panels_per_group);
  return tasks;
}

std::size_t ConvLayer::scratch_floats(std::size_t rows) const {
  if (rounded_) return 0;
  if (steps_ > 0) return divide_up(tile_inputs(std::min(rows, kTileBlock)), 2);
  if (fft_ == nullptr) return 0;
  const std::size_t tiles = std::min(divide_up(rows, rows_per_tile_), tiles_in(kLargeBlockBytes));
  return fft_->size / 2 *
         (bin_stride(tiles * kernels_.planes * inputs_) +
          bin_stride(tiles * 2 * panels_ * kernels_.panel));
}

void ConvLayer::run(const Tasks& tasks, std::size_t task, const float* input,
                    const Epilogue& epilogue, float* scratch) const {
  const std::size_t block = task / tasks.groups, group = task % tasks.groups;
  const std::size_t before = pad_ * inputs_ / stride_;
  const float* first = input - (rounded_ ? before / 2 : before);
  if (steps_ > 0) {
    run_tiles(tasks, block, group, first, epilogue, scratch);
    return;
  }
  if (fft_ != nullptr) {
    run_fft(tasks, block, group, first, epilogue, scratch);
    return;
  }
  const std::size_t row = tasks.first + block * tasks.tiles_per_block;
  const std::size_t panel = group * tasks.panels_per_group;
  kernels_.direct(first, inputs_, taps_ * inputs_, weights_.floats(), panel,
                  std::min(tasks.panels_per_group, panels_ - panel), row,
                  std::min(tasks.tiles_per_block, tasks.end - row), epilogue);
}

void ConvLayer::run_fft(const Tasks& tasks, std::size_t block, std::size_t group,
                        const float* input, const Epilogue& epilogue, float* scratch) const {
  const std::size_t tile = tasks.first + block * tasks.tiles_per_block;
  const std::size_t tiles = std::min(tasks.tiles_per_block, tasks.end - tile);
  const std::size_t panel = group * tasks.panels_per_group;
  const std::size_t panels = std::min(tasks.panels_per_group, panels_ - panel);
  const std::size_t channels = panels * kernels_.panel;
  const std::size_t bins = fft_->size / 2;
  const auto outputs = static_cast<std::ptrdiff_t>(
      std::min(channels, outputs_ - panel * static_cast<std::size_t>(kernels_.panel)));
  const std::size_t input_stride = bin_stride(tiles * kernels_.planes * inputs_);
  const std::size_t output_stride = bin_stride(tiles * 2 * channels);
  float* output = scratch + bins * input_stride;

  fft_->forward(input + tile * rows_per_tile_ * inputs_, inputs_, inputs_, tiles, rows_per_tile_,
                scratch, input_stride);
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const std::size_t at = (bin * panels_ + panel) * inputs_ * 2 * kernels_.panel;
    const float* in = scratch + bin * input_stride;
    float* out = output + bin * output_stride;
    if (half_) {
      const auto* weights = reinterpret_cast<const std::uint16_t*>(weights_.data());
      kernels_.multiply_f16(in, tiles, inputs_, weights + at, outputs, out);
    } else {
      kernels_.multiply_f32(in, tiles, inputs_, weights_.floats() + at, outputs, out);
    }
  }
  fft_->inverse(output, output_stride, panel * kernels_.panel, channels, tiles,
                tile * rows_per_tile_, rows_per_tile_, epilogue);
}

Epilogue ConvLayer::epilogue() const {
  Epilogue epilogue{};
  epilogue.bias = bias_.data();
  epilogue.scale = scale_.empty() ? nullptr : scale_.data();
  epilogue.shift = shift_.empty() ? nullptr : shift_.data();
  epilogue.channels = static_cast<std::ptrdiff_t>(outputs_);
  return epilogue;
}

}  // namespace ecgrt

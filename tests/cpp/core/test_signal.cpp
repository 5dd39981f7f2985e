// What stands before the network: however a signal is cut, the answers are the same, to the bit.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "check.h"
#include "cpu/kernels.h"
#include "problem.h"
#include "signal/assess.h"
#include "signal/gaps.h"
#include "signal/reader.h"
#include "signal/scale.h"

namespace ecgrt {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// The definition, in double precision.
void plain_fir(const float* input, const float* taps, std::ptrdiff_t tap_count,
               std::ptrdiff_t count, float* output) {
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    double sum = 0;
    for (std::ptrdiff_t j = 0; j < tap_count; ++j) sum += double(taps[j]) * input[i + j];
    output[i] = static_cast<float>(sum);
  }
}

void plain_polyphase(const float* input, const PolyphaseTaps& filter, std::ptrdiff_t phase,
                     std::ptrdiff_t count, float* output) {
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const std::ptrdiff_t n = phase + i * filter.down;
    plain_fir(input + n / filter.up, filter.taps + n % filter.up * filter.width, filter.width, 1,
              output + i);
  }
}

void plain_to_float(const std::int16_t* from, std::ptrdiff_t count, float offset, float factor,
                    float* to) {
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    to[i] = from[i] == INT16_MIN ? kNaN : (static_cast<float>(from[i]) - offset) * factor;
  }
}

// Of what reading a signal takes; beats and features take more.
constexpr SignalKernels kPlain{plain_fir,      plain_polyphase, nullptr, nullptr,
                               plain_to_float, nullptr,         nullptr};

std::vector<float> waves(std::size_t size) {
  std::vector<float> x(size);
  for (std::size_t i = 0; i < size; ++i) x[i] = std::cos(static_cast<float>(i * i));
  return x;
}

// Waves, noise, and every kind of gap.
std::vector<float> faulty_signal(std::size_t size) {
  std::vector<float> x(size);
  for (std::size_t i = 0; i < size; ++i) {
    x[i] = 300.0F * std::sin(static_cast<float>(i) / 9) + static_cast<float>(i * 7919 % 101);
  }
  const auto put = [&](std::size_t begin, std::size_t count, float value) {
    for (std::size_t i = begin; i < std::min(begin + count, size); ++i) x[i] = value;
  };
  put(0, 130, 900);
  put(1'000, 1, kNaN);
  put(1'040, 60, kNaN);
  put(2'000, 400, 0);
  put(2'410, 300, kNaN);
  put(5'000, 110, -700);
  put(8'000, 90, 5);
  put(size - 20, 20, kNaN);
  return x;
}

bool same(const Gap& a, const Gap& b) {
  return a.begin == b.begin && a.end == b.end && a.reason == b.reason && a.before == b.before &&
         a.after == b.after;
}

// Calls f(first, count) for one cut after the other, of sizes that vary.
template <class F>
void in_chunks(std::size_t size, std::size_t chunk, const F& f) {
  for (std::size_t first = 0, count; first < size; first += count) {
    count = std::min(chunk + first % 3, size - first);
    f(first, count);
  }
}

TEST(signal, fir_of_every_instruction_set_is_its_definition) {
  for (const KernelTable* kernels : kernel_tables()) {
    for (const std::size_t tap_count : {1, 2, 155, 1201}) {
      std::vector<float> taps(tap_count);
      for (std::size_t i = 0; i < tap_count; ++i) taps[i] = std::sin(static_cast<float>(i));
      const std::vector<float> input = waves(16 * 21 + 5 + tap_count - 1);
      std::vector<float> found(16 * 21 + 5), expected(found.size());
      const auto count = static_cast<std::ptrdiff_t>(found.size());
      const auto taps_of = static_cast<std::ptrdiff_t>(tap_count);
      kernels->signal.fir(input.data(), taps.data(), taps_of, count, found.data());
      plain_fir(input.data(), taps.data(), taps_of, count, expected.data());
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK_AT(std::abs(found[i] - expected[i]) < 1e-3F, std::string(kernels->name));
      }
      // Wherever an output lies in the blocks, and however few there are, it is summed in one
      // order.
      for (const std::size_t first : {0, 1, 16, 37, 300}) {
        for (const std::size_t size : {1, 3, 16, 29}) {
          float again[29];
          kernels->signal.fir(input.data() + first, taps.data(), taps_of,
                              static_cast<std::ptrdiff_t>(size), again);
          CHECK_AT(std::equal(again, again + size, found.data() + first),
                   std::string(kernels->name));
        }
      }
    }
  }
}

TEST(signal, polyphase_filter_of_every_instruction_set_is_its_definition) {
  constexpr std::size_t kCount = 77, kWidth = 3 * kTapMultiple;
  for (const KernelTable* kernels : kernel_tables()) {
    for (const auto& [up, down] : {std::pair{1, 3}, {2, 3}, {3, 2}, {7, 7}, {100, 257}}) {
      const std::vector<float> taps = waves(kWidth * static_cast<std::size_t>(up));
      const PolyphaseTaps filter{taps.data(), kWidth, up, down};
      const std::vector<float> input = waves(kCount * static_cast<std::size_t>(down) + kWidth);
      std::vector<float> found(kCount), expected(kCount);
      kernels->signal.polyphase(input.data(), filter, up - 1, kCount, found.data());
      plain_polyphase(input.data(), filter, up - 1, kCount, expected.data());
      for (std::size_t i = 0; i < kCount; ++i) {
        CHECK_AT(std::abs(found[i] - expected[i]) < 1e-4F, std::string(kernels->name));
        // Each is summed in one order, wherever it lies.
        const std::ptrdiff_t n = up - 1 + static_cast<std::ptrdiff_t>(i) * down;
        float again = 0;
        kernels->signal.polyphase(input.data() + n / up, filter, n % up, 1, &again);
        CHECK_AT(again == found[i], std::string(kernels->name));
      }
    }
  }
}

TEST(signal, gaps_are_the_same_in_chunks_of_any_size) {
  const std::vector<float> x = faulty_signal(12'000);
  GapFinder whole, finder;
  whole.start(250, true);
  whole.push(x);
  whole.finish();
  CHECK(whole.gaps().size() == 6);
  for (const std::size_t chunk : {1, 7, 100, 250, 5'000}) {
    finder.start(250, true);
    std::vector<Gap> certain;
    in_chunks(x.size(), chunk, [&](std::size_t first, std::size_t count) {
      finder.push({x.data() + first, count});
      CHECK(finder.settled() <= first + count);
      for (const Gap& gap : finder.gaps()) {
        const bool known = !certain.empty() && certain.back().begin >= gap.begin;
        if (gap.begin < finder.settled() && !known) certain.push_back(gap);
      }
      // Eleven seconds after, what is not a gap itself is settled.
      if (first > 11 * 250 + 2'800 && first < 11'000) CHECK(finder.settled() + 2'850 > first);
    });
    finder.finish();
    CHECK(std::equal(finder.gaps().begin(), finder.gaps().end(), whole.gaps().begin(),
                     whole.gaps().end(), same));
    CHECK(std::equal(certain.begin(), certain.end(), whole.gaps().begin(), same));
    CHECK(certain.size() >= 5);
  }
}

TEST(signal, local_scale_is_the_same_in_chunks_of_any_size) {
  std::vector<float> x(9'050);
  std::vector<unsigned char> readable(x.size(), 1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i / 1'000 + 1) * std::sin(static_cast<float>(i) / 5);
    if (i < 700 || (i > 3'000 && i < 6'500)) readable[i] = 0;
  }
  LocalScale whole, scale;
  whole.start(100);
  whole.push(x, readable);
  whole.finish();
  std::vector<float> expected = x;
  whole.divide(0, expected);
  for (const std::size_t chunk : {1, 33, 100, 4'000}) {
    scale.start(100);
    std::vector<float> found = x;
    std::size_t done = 0;
    in_chunks(x.size(), chunk, [&](std::size_t first, std::size_t count) {
      scale.push({x.data() + first, count}, {readable.data() + first, count});
      const std::size_t settled = scale.settled();
      CHECK(settled >= done && settled <= first + count);
      // Where something can be read the scale is known ten seconds later.
      if (first > 2'000) CHECK(settled + 1'100 > first);
      scale.divide(done, {found.data() + done, settled - done});
      done = settled;
    });
    scale.finish();
    scale.divide(done, {found.data() + done, found.size() - done});
    CHECK(found == expected);
  }
}

TEST(signal, reader_gives_the_same_in_pieces) {
  const std::vector<float> x = faulty_signal(12'000);
  Metadata metadata;
  metadata.sampling_rate = 100;
  metadata.samples_per_segment = 64;
  SignalReader reader;
  ReadScratch scratch;
  for (const auto scale : {SignalBlock::Scale::fixed, SignalBlock::Scale::local}) {
    metadata.signal = {0.5, 40.0, 200, scale};
    const SignalPath path(metadata, kPlain);
    for (const double rate : {100.0, 250.0, 512.0}) {
      const Signal signal{x.data(), SampleType::float32, sizeof(float), x.size(), rate};
      const auto resampler =
          rate == 100 ? nullptr : std::make_shared<const Resampler>(rate, path.rate, kPlain);
      reader.open(signal, path, resampler);
      std::vector<float> whole(reader.segments() * 64), found(whole.size());
      reader.read(0, whole.size(), whole.data(), scratch);
      for (const std::size_t chunk : {50, 64, 1'000}) {
        in_chunks(found.size(), chunk, [&](std::size_t first, std::size_t count) {
          reader.read(first, count, found.data() + first, scratch);
        });
        CHECK(found == whole);
      }
    }
  }
}

TEST(signal, thousands_of_gaps_are_assessed) {
  std::vector<float> x = faulty_signal(360'000);
  for (std::size_t i = 9'000; i < x.size(); i += 100) x[i] = kNaN;
  Metadata metadata;
  metadata.sampling_rate = 100;
  metadata.samples_per_segment = 64;
  metadata.signal = {0.5, 40.0, 200, SignalBlock::Scale::fixed};
  const SignalPath path(metadata, kPlain);
  SignalReader reader;
  reader.open({x.data(), SampleType::float32, sizeof(float), x.size(), 0}, path, nullptr);
  Quality quality;
  std::vector<std::uint8_t> readable;
  std::vector<float> scratch;
  assess(reader, quality, readable, scratch);
  CHECK(quality.spans.size() > 3'500);
  CHECK(readable.size() == reader.segments());
  CHECK(std::count(readable.begin() + 150, readable.end() - 1, 0) == 0);
}

}  // namespace
}  // namespace ecgrt

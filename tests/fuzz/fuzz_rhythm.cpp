// Any signal at any rate: its beats are the same in chunks as in one, and its features are finite.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include "cpu/dispatch.h"
#include "signal/beats.h"
#include "signal/reader.h"
#include "signal/rhythm.h"

namespace {

constexpr std::array kRates = {10.0, 50.0, 100.0, 128.0, 250.0, 300.0, 360.0, 1000.0};
// A second of bytes is drawn out to this much, so that there are beats to find.
constexpr std::size_t kMostSamples = 1 << 13;

// Samples that look a little like an ECG: spikes where the bytes say, on whatever else they say.
std::vector<float> make_signal(FuzzedDataProvider& in, double rate) {
  std::vector<float> samples;
  const float height = in.ConsumeFloatingPointInRange<float>(-1e4F, 1e4F);
  while (in.remaining_bytes() > 1 && samples.size() < kMostSamples) {
    const auto kind = in.ConsumeIntegral<std::uint8_t>();
    const auto length = static_cast<std::size_t>(rate * in.ConsumeIntegral<std::uint8_t>() / 128);
    const std::size_t begin = samples.size();
    switch (kind % 4) {
      case 0:
        samples.resize(begin + length, 0.0F);
        break;
      case 1:
        samples.resize(begin + length, NAN);
        break;
      case 2:
        samples.resize(begin + length, samples.empty() ? 0.0F : samples.back());
        break;
      default:
        samples.push_back(in.ConsumeFloatingPoint<float>());
    }
    const auto width = static_cast<std::size_t>(rate / 25) + 1;
    for (std::size_t i = 0; kind >= 128 && i < width; ++i) {
      const float place = static_cast<float>(i) / static_cast<float>(width);
      samples.push_back(height * (1 - std::abs(2 * place - 1)));
    }
  }
  return samples;
}

void run(FuzzedDataProvider& in) {
  // Odd rates take long filters, whose design would take most of the time.
  const bool odd = in.ConsumeIntegralInRange(0, 15) == 0;
  const double rate = odd ? in.ConsumeFloatingPoint<double>() : in.PickValueInArray(kRates);
  ecgrt::check_sampling_rate(rate);
  if (rate > 2000) return;  // nothing but time
  const auto cuts = in.ConsumeBytes<std::uint8_t>(16);
  const std::vector<float> samples = make_signal(in, rate);
  if (samples.empty()) return;

  const ecgrt::SignalKernels& kernels = ecgrt::select_kernels().signal;
  ecgrt::BeatFinder whole(rate, kernels), pieces(rate, kernels);
  whole.push(std::span<const float>(samples));
  whole.finish();
  FuzzedDataProvider where(cuts.data(), cuts.size());
  for (std::size_t done = 0; done < samples.size();) {
    const auto count = where.ConsumeIntegralInRange<std::size_t>(1, samples.size() - done);
    pieces.push(std::span<const float>(samples).subspan(done, count));
    done += count;
  }
  pieces.finish();
  if (!std::ranges::equal(whole.beats(), pieces.beats())) std::abort();
  const double end = static_cast<double>(samples.size()) / rate;
  if (!std::ranges::is_sorted(whole.beats())) std::abort();
  for (const double beat : whole.beats()) {
    if (!(beat >= 0 && beat <= end)) std::abort();
  }

  ecgrt::RhythmAnalyser analyser(rate, kernels);
  for (int again = 0; again < 2; ++again) {  // the second finds the memory of the first
    analyser.analyse(std::span<const float>(samples));
    if (!std::ranges::all_of(analyser.features(), [](float x) { return std::isfinite(x); })) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  try {
    run(in);
  } catch (const std::invalid_argument&) {
  }
  return 0;
}

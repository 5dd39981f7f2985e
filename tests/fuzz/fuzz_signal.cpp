// Any signal at any rate: refused, or read in pieces as in one.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "signal/reader.h"

namespace {

constexpr std::array kRates = {10.0, 50.0, 100.0, 125.0, 128.0, 250.0, 257.0, 300.0, 360.0, 500.0,
                               977.0, 1000.0, 100000.0};
constexpr std::size_t kMostRead = 1 << 20;

double pick_rate(FuzzedDataProvider& in) {
  if (in.ConsumeBool()) return in.PickValueInArray(kRates);
  return in.ConsumeFloatingPoint<double>();
}

void compare(const ecgrt::SignalReader& reader, std::size_t total, FuzzedDataProvider& in) {
  std::vector<float> scratch, whole(total), pieces(total);
  reader.read(0, total, whole.data(), scratch);
  for (std::size_t done = 0; done < total;) {
    const auto count = in.ConsumeIntegralInRange<std::size_t>(1, total - done);
    reader.read(done, count, pieces.data() + done, scratch);
    done += count;
  }
  if (std::memcmp(whole.data(), pieces.data(), total * sizeof(float)) != 0) std::abort();
}

void run(FuzzedDataProvider& in) {
  ecgrt::Metadata metadata;
  metadata.mean = in.ConsumeFloatingPoint<float>();
  metadata.std = in.ConsumeFloatingPoint<float>();
  metadata.sampling_rate = pick_rate(in);
  metadata.samples_per_segment = in.ConsumeIntegralInRange<std::size_t>(1, 512);
  if (!ecgrt::find_fault(metadata).empty()) return;
  ecgrt::check_sampling_rate(metadata.sampling_rate);
  const bool resampled = in.ConsumeBool();
  const double rate = resampled ? pick_rate(in) : metadata.sampling_rate;
  ecgrt::check_sampling_rate(rate);

  constexpr std::array kTypes = {ecgrt::SampleType::int16, ecgrt::SampleType::int32,
                                 ecgrt::SampleType::float32, ecgrt::SampleType::float64};
  constexpr std::array<std::ptrdiff_t, 4> kSizes = {2, 4, 4, 8};
  const auto type = in.ConsumeIntegralInRange<std::size_t>(0, 3);
  const std::ptrdiff_t step = kSizes[type] * in.ConsumeIntegralInRange<std::ptrdiff_t>(1, 3);
  const bool backwards = in.ConsumeBool();
  const auto cuts = in.ConsumeBytes<std::uint8_t>(16);
  const auto bytes = in.ConsumeRemainingBytes<std::uint8_t>();
  const std::size_t size = bytes.size() / static_cast<std::size_t>(step);
  if (size == 0) return;
  const std::uint8_t* first = bytes.data() + (backwards ? (size - 1) * step : 0);
  const ecgrt::Signal signal{first, kTypes[type], backwards ? -step : step, size, rate};
  std::shared_ptr<const ecgrt::Resampler> resampler;
  if (rate != metadata.sampling_rate) {
    resampler = std::make_shared<const ecgrt::Resampler>(rate, metadata.sampling_rate);
    if (resampler->output_size(size) > kMostRead) return;
  }
  const ecgrt::SignalReader reader(signal, metadata, resampler);
  FuzzedDataProvider where(cuts.data(), cuts.size());
  compare(reader, reader.segments() * metadata.samples_per_segment, where);
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

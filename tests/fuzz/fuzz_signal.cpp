// Any signal at any rate: refused, or read in pieces as in one.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <vector>

#include "cpu/dispatch.h"
#include "signal/assess.h"
#include "signal/reader.h"

namespace {

constexpr std::array kRates = {10.0,  50.0,  100.0, 125.0, 128.0,  250.0,   257.0,
                               300.0, 360.0, 500.0, 977.0, 1000.0, 100000.0};
constexpr std::size_t kMostRead = 1 << 20;

double pick_rate(FuzzedDataProvider& in) {
  // Odd rates take long filters, whose design would take most of the time.
  if (in.ConsumeIntegralInRange(0, 15) > 0) return in.PickValueInArray(kRates);
  return in.ConsumeFloatingPoint<double>();
}

void compare(const ecgrt::SignalReader& reader, std::size_t total, FuzzedDataProvider& in) {
  ecgrt::ReadScratch scratch;
  std::vector<float> whole(total), pieces(total);
  reader.read(0, total, whole.data(), scratch);
  for (std::size_t done = 0; done < total;) {
    const auto count = in.ConsumeIntegralInRange<std::size_t>(1, total - done);
    reader.read(done, count, pieces.data() + done, scratch);
    done += count;
  }
  for (std::size_t i = 0; i < total; ++i) {
    if (!std::isfinite(whole[i]) || whole[i] != pieces[i]) std::abort();
  }
}

ecgrt::Metadata make_metadata(FuzzedDataProvider& in) {
  ecgrt::Metadata metadata;
  metadata.mean = in.ConsumeFloatingPoint<float>();
  metadata.std = in.ConsumeFloatingPoint<float>();
  metadata.sampling_rate = pick_rate(in);
  metadata.samples_per_segment = in.ConsumeIntegralInRange<std::size_t>(1, 512);
  if (in.ConsumeBool()) {
    ecgrt::SignalBlock& block = metadata.signal.emplace();
    block.low = in.ConsumeFloatingPointInRange<double>(0.05, 5.0);
    block.high = in.ConsumeBool() ? 0 : in.ConsumeFloatingPointInRange<double>(10.0, 49.0);
    block.half_width = in.ConsumeIntegralInRange<std::size_t>(1, 300);
    if (in.ConsumeBool()) {
      block.scale = ecgrt::SignalBlock::Scale::local;
      metadata.mean = 0, metadata.std = 1;
      metadata.sampling_rate = std::round(metadata.sampling_rate);
    }
  }
  return metadata;
}

void run(FuzzedDataProvider& in) {
  const ecgrt::Metadata metadata = make_metadata(in);
  if (!ecgrt::find_fault(metadata).empty()) return;
  ecgrt::check_sampling_rate(metadata.sampling_rate);
  const double rate = in.ConsumeBool() ? pick_rate(in) : metadata.sampling_rate;
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
  const ecgrt::SignalKernels& kernels = ecgrt::select_kernels().signal;
  std::shared_ptr<const ecgrt::Resampler> resampler;
  if (rate != metadata.sampling_rate) {
    resampler = std::make_shared<const ecgrt::Resampler>(rate, metadata.sampling_rate, kernels);
    if (resampler->output_size(size) > kMostRead) return;
  }
  const ecgrt::SignalPath path(metadata, kernels);
  ecgrt::SignalReader reader;
  reader.open(signal, path, resampler);
  ecgrt::Quality quality;
  std::vector<std::uint8_t> readable;
  std::vector<float> scratch;
  ecgrt::assess(reader, quality, readable, scratch);
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

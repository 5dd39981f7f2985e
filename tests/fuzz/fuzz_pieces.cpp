// A long record's windows that continue from each other, cut anywhere: the network answers as it
// does of the record in one window, but for rounding.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "backend.h"
#include "plans.h"

namespace {

constexpr std::size_t kMostSegments = 300;
constexpr float kRounding = 1e-5F;

std::vector<float> make_samples(std::size_t count, const std::vector<std::uint8_t>& bytes) {
  std::vector<float> samples(count);
  for (std::size_t i = 0; i < count && !bytes.empty(); ++i) {
    samples[i] = static_cast<float>(bytes[i % bytes.size()]) / 32 - 4;
  }
  return samples;
}

// Runs the next `count` segments and appends what they answer. Memory for answers ends where the
// record's do, so that one too many is found.
void run_part(const ecgrt::Backend& backend, const float* samples, std::size_t count, bool last,
              std::size_t segments, ecgrt::Continuation& record, std::vector<float>& answers) {
  const std::size_t outputs = backend.metadata().outputs(), before = record.answered;
  std::vector<float> part((segments - before) * outputs, NAN);
  const auto window = ecgrt::Window::part(samples, count, part.data(), record, last);
  backend.run({&window, 1});
  if (record.answered < before || record.answered > segments) std::abort();
  answers.insert(answers.end(), part.begin(),
                 part.begin() + static_cast<std::ptrdiff_t>((record.answered - before) * outputs));
}

void run(FuzzedDataProvider& in) {
  const std::size_t model = in.ConsumeIntegralInRange<std::size_t>(0, kModels - 1);
  const ecgrt::Backend& backend = pick_model(model).backend();
  const std::size_t size = backend.metadata().samples_per_segment;
  const auto segments = in.ConsumeIntegralInRange<std::size_t>(1, kMostSegments);
  const auto most = in.ConsumeIntegralInRange<std::size_t>(1, segments);
  const auto cuts = in.ConsumeBytes<std::uint8_t>(segments);
  const auto samples = make_samples(segments * size, in.ConsumeRemainingBytes<std::uint8_t>());

  std::vector<float> expected(segments * backend.metadata().outputs()), found;
  const auto whole = ecgrt::Window::whole(samples.data(), segments, expected.data());
  backend.run({&whole, 1});
  // Each finds the memory of the record before.
  static std::unique_ptr<ecgrt::Continuation> records[kModels];
  std::unique_ptr<ecgrt::Continuation>& record = records[model];
  backend.start(record);
  FuzzedDataProvider where(cuts.data(), cuts.size());
  for (std::size_t done = 0, count; done < segments; done += count) {
    const std::size_t rest = segments - done;
    count = where.ConsumeIntegralInRange<std::size_t>(1, std::min({most, rest, record->room}));
    run_part(backend, samples.data() + done * size, count, count == rest, segments, *record, found);
    if (record->answered > done + count) std::abort();
  }
  if (found.size() != expected.size()) std::abort();
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!(std::abs(found[i] - expected[i]) <= kRounding)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  run(in);
  return 0;
}

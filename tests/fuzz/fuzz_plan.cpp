// Any bytes as a plan: refused, or run. A plan of format 1 gets the sum that it needs, and one of
// format 2 the hash of its header, so that the fuzzer gets past them.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "classifier.h"
#include "cpu/plan_file.h"
#include "errors.h"
#include "memory_file.h"

#define XXH_INLINE_ALL
#include "../../cpp/third_party/xxhash/xxhash.h"

namespace {

constexpr std::size_t kPreamble = 64, kHeaderBytes = 16, kFileBytes = 24, kChecksum = 32;
// Runs of larger networks would take seconds under the sanitizers.
constexpr std::size_t kMostSamples = 1024;

void put(std::vector<std::uint8_t>& plan, std::size_t at, std::uint64_t value) {
  std::memcpy(plan.data() + at, &value, sizeof value);
}

void seal(std::vector<std::uint8_t>& plan) {
  plan.resize(std::max<std::size_t>((plan.size() + 63) / 64 * 64, kPreamble));
  put(plan, kFileBytes, plan.size());
  put(plan, kChecksum, 0);
  if (plan[8] == 1) {
    std::uint64_t sum = 0;
    for (std::size_t i = kPreamble; i < plan.size(); i += 8) {
      std::uint64_t word;
      std::memcpy(&word, plan.data() + i, 8);
      sum += word * ((i - kPreamble) / 4 + 1);
    }
    put(plan, kChecksum, sum);
    return;
  }
  std::uint64_t header;
  std::memcpy(&header, plan.data() + kHeaderBytes, sizeof header);
  const std::size_t end = std::min<std::uint64_t>(header, plan.size() - kPreamble) + kPreamble;
  put(plan, kChecksum, XXH3_64bits(plan.data(), (end + 63) / 64 * 64));
}

void run(const std::string& path) {
  const ecgrt::PlanSource source(path);
  if (ecgrt::read_cpu_plan(source).metadata.samples_per_segment > kMostSamples) return;
  const ecgrt::Classifier classifier(path, ecgrt::BackendOptions{.threads = 1});
  classifier.self_test();
  const std::vector<float> samples(3 * classifier.metadata().samples_per_segment, 1.0F);
  const ecgrt::Signal signal{samples.data(), ecgrt::SampleType::float32, sizeof(float),
                             samples.size()};
  ecgrt::Prediction prediction;
  classifier.predict({&signal, 1}, {&prediction, 1});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::uint8_t> plan(data + 1, data + size);
  if (data[0] != 'r') seal(plan);  // else the bytes are taken raw
  const MemoryFile file(plan);
  try {
    run(file.path());
  } catch (const ecgrt::PlanError&) {
  } catch (const ecgrt::BackendUnavailableError&) {  // the first bytes say TensorRT
  } catch (const std::invalid_argument&) {
  }
  return 0;
}

// classify PLAN RECORD.mat...: a line each with label, confidence and heart rate; the records are
// classified together, one on each core.
#include <cstdint>
#include <cstdio>
#include <ecgrt/ecgrt.hpp>
#include <exception>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// A record of the 2017 challenge: 16-bit integers, a microvolt each, 300 a second, behind 24 bytes.
std::vector<std::int16_t> read_record(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  constexpr std::size_t kHeader = 24;
  if (bytes.size() <= kHeader) throw std::runtime_error(path + " cannot be read");
  std::vector<std::int16_t> samples((bytes.size() - kHeader) / sizeof(std::int16_t));
  bytes.copy(reinterpret_cast<char*>(samples.data()), samples.size() * sizeof(std::int16_t),
             kHeader);
  return samples;
}

void classify(const std::string& plan, std::span<char* const> paths) {
  std::vector<std::vector<std::int16_t>> records;
  std::vector<ecgrt_signal> signals;
  for (const char* path : paths) {
    records.push_back(read_record(path));
    signals.push_back(
        ecgrt::view(std::span<const std::int16_t>(records.back()), {.fs = 300, .unit = ecgrt::uV}));
  }
  const ecgrt::Classifier classifier(plan);
  const std::vector<ecgrt::Prediction> predictions = classifier.predict(signals);
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const ecgrt::Prediction& p = predictions[i];
    std::printf("%s %s %.4f %.1f\n", paths[i], std::string(p.label().value_or("none")).c_str(),
                static_cast<double>(p.confidence()), p.heart_rate());
    for (const auto& [code, text] : p.warnings()) {
      std::fprintf(stderr, "warning: %s\n", std::string(text).c_str());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: classify PLAN RECORD.mat...\n");
    return 2;
  }
  try {
    classify(argv[1], std::span(argv + 2, static_cast<std::size_t>(argc - 2)));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

#include "cpu/plan_file.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "cpu/kernels.h"
#include "errors.h"

namespace ecgrt {
namespace {

using Json = nlohmann::json;

constexpr char kMagic[8] = {'E', 'C', 'G', 'R', 'T', 'C', 'P', 'U'};
constexpr std::size_t kAlignment = 64;
constexpr char kRebuild[] = "; build it again with ecgrt-build-engine";

struct Preamble {
  char magic[8];
  std::uint32_t version;
  std::uint32_t zero;
  std::uint64_t header_bytes;
  std::uint64_t file_bytes;
  std::uint64_t checksum;
  char padding[24];
};
static_assert(sizeof(Preamble) == kAlignment);

// Taps, channels and the like are fewer, so that products of three of them fit.
constexpr std::size_t kMostOfAny = std::size_t{1} << 20;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw PlanError(path + ": " + what);
}

Preamble read_preamble(const MappedFile& file) {
  const auto bytes = file.bytes();
  if (bytes.size() < sizeof(Preamble))
    fail(file.path(), std::string("the plan is cut short") + kRebuild);
  Preamble preamble;
  std::memcpy(&preamble, bytes.data(), sizeof preamble);
  if (preamble.version != kPlanFormatVersion) {
    fail(file.path(), "the plan has format version " + std::to_string(preamble.version) +
                          ", this ecgrt reads version " + std::to_string(kPlanFormatVersion) +
                          (preamble.version > kPlanFormatVersion ? "; update ecgrt, or" : ";") +
                          " build the plan again with this version's ecgrt-build-engine");
  }
  if (preamble.file_bytes != bytes.size()) {
    fail(file.path(), "the plan should have " + std::to_string(preamble.file_bytes) +
                          " bytes but has " + std::to_string(bytes.size()) + kRebuild);
  }
  if (bytes.size() % kAlignment != 0 || preamble.header_bytes > bytes.size() - kAlignment) {
    throw damaged(file);
  }
  return preamble;
}

class Reader {
 public:
  Reader(const MappedFile& file, const Json& header, std::span<const std::byte> blobs)
      : file_(file), header_(header), blobs_(blobs) {}

  CpuPlan read() {
    plan_.metadata = parse_metadata(header_.at("metadata").get_ref<const std::string&>());
    plan_.training_records = header_.value("training_records", "");
    plan_.opt_samples = header_.at("opt_samples");
    plan_.logits = header_.at("logits");
    plan_.classes = header_.at("classes");
    for (const Json& tensor : header_.at("tensors")) {
      plan_.tensors.push_back({tensor.at("channels"), tensor.at("rate"), tensor.at("slot")});
    }
    check_tensors();
    std::vector<bool> written(plan_.tensors.size());
    written[0] = true;
    for (const Json& entry : header_.at("convolutions")) {
      plan_.convolutions.push_back(read_convolution(entry));
      check_order(plan_.convolutions.back(), written);
    }
    check_logits();
    plan_.golden_input = blob(header_.at("golden").at("input"));
    plan_.golden_probabilities = blob(header_.at("golden").at("probabilities"));
    check_golden();
    return std::move(plan_);
  }

 private:
  void require(bool ok, const std::string& what) const {
    if (!ok) fail(file_.path(), "the plan contradicts itself: " + what);
  }

  void check_tensors() const {
    const auto& tensors = plan_.tensors;
    require(tensors.size() >= 2 && tensors[0].channels == 1 && tensors[0].rate == 1, "its input");
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      require(tensors[i].rate > 0 && tensors[i].slot < tensors.size(), "a tensor's place");
      require(i == 0 || (tensors[i].channels > 0 && tensors[i].channels <= kMostOfAny &&
                         tensors[i].channels % kChannelMultiple == 0),
              "a tensor's channels");
      require(plan_.metadata.samples_per_segment % tensors[i].rate == 0, "a tensor's rate");
    }
    require(plan_.logits < tensors.size() &&
                tensors[plan_.logits].rate == plan_.metadata.samples_per_segment &&
                plan_.metadata.outputs() <= tensors[plan_.logits].channels &&
                plan_.classes == plan_.metadata.classes.size(),
            "its logits");
  }

  // Each tensor is written once, and not read before that.
  void check_order(const PlanConvolution& conv, std::vector<bool>& written) const {
    require(written[conv.input] && (conv.residual == kNoTensor || written[conv.residual]),
            conv.name + " reads what is not there yet");
    for (const std::size_t output : {conv.raw, conv.activated}) {
      if (output == kNoTensor) continue;
      require(!written[output], conv.name + " writes what was written before");
      written[output] = true;
    }
  }

  void check_logits() const {
    require(!plan_.convolutions.empty(), "no convolution");
    const PlanConvolution& last = plan_.convolutions.back();
    require(plan_.logits == last.raw || plan_.logits == last.activated, "its logits");
  }

  void check_golden() const {
    const Blob &input = plan_.golden_input, &output = plan_.golden_probabilities;
    const std::size_t outputs = plan_.metadata.outputs(), segments = output.count / outputs;
    require(!input.half && !output.half && segments > 0 && output.count == segments * outputs &&
                input.count == segments * plan_.metadata.samples_per_segment,
            "its example");
  }

  Blob blob(const Json& entry) const {
    const std::size_t offset = entry.at("offset"), count = entry.at("count");
    const std::string& type = entry.at("type").get_ref<const std::string&>();
    require(type == "float32" || type == "float16", "a blob's type");
    const bool half = type == "float16";
    require(offset % kAlignment == 0 && offset <= blobs_.size() &&
                count <= (blobs_.size() - offset) / (half ? 2 : 4),
            "a blob lies outside the file");
    return {blobs_.data() + offset, count, half};
  }

  Blob vector(const Json& entry, std::size_t channels) const {
    const Blob values = blob(entry);
    require(!values.half && values.count == channels, "a vector of channels");
    return values;
  }

  std::size_t tensor(const Json& entry, const char* name, bool optional) const {
    const auto index = entry.at(name).get<std::ptrdiff_t>();
    if (optional && index == -1) return kNoTensor;
    require(index >= 0 && static_cast<std::size_t>(index) < plan_.tensors.size(), name);
    return static_cast<std::size_t>(index);
  }

  PlanConvolution read_convolution(const Json& entry) const {
    PlanConvolution conv;
    conv.name = entry.at("name");
    conv.input = tensor(entry, "input", false);
    conv.residual = tensor(entry, "residual", true);
    conv.raw = tensor(entry, "raw", true);
    conv.activated = tensor(entry, "activated", true);
    conv.taps = entry.at("taps");
    conv.stride = entry.at("stride");
    conv.pad = entry.at("pad");
    conv.pool = entry.at("pool");
    const std::size_t channels = check_outputs(conv);
    conv.weights = blob(entry.at("weights"));
    conv.bias = vector(entry.at("bias"), channels);
    if (entry.contains("scale")) {
      conv.scale = vector(entry.at("scale"), channels);
      conv.shift = vector(entry.at("shift"), channels);
    }
    require(conv.weights.count == conv.taps * plan_.tensors[conv.input].channels * channels,
            "weights of " + conv.name);
    return conv;
  }

  // Returns the number of output channels.
  std::size_t check_outputs(const PlanConvolution& conv) const {
    const auto& tensors = plan_.tensors;
    const std::size_t output = conv.raw != kNoTensor ? conv.raw : conv.activated;
    require(output != kNoTensor && output != 0, "a convolution without output");
    const PlanTensor& out = tensors[output];
    require(conv.activated == kNoTensor || (tensors[conv.activated].channels == out.channels &&
                                            tensors[conv.activated].rate == out.rate),
            "outputs of " + conv.name);
    require(conv.taps > 0 && conv.taps <= kMostOfAny && conv.stride > 0 &&
                conv.stride <= kMostOfAny && conv.pool > 0 && conv.pad < conv.taps &&
                out.rate == tensors[conv.input].rate * conv.stride,
            "shape of " + conv.name);
    if (conv.residual != kNoTensor) {
      const PlanTensor& residual = tensors[conv.residual];
      require(conv.residual != 0 && residual.rate * conv.pool == out.rate &&
                  residual.channels <= out.channels,
              "residual of " + conv.name);
    }
    return out.channels;
  }

  const MappedFile& file_;
  const Json& header_;
  std::span<const std::byte> blobs_;
  CpuPlan plan_;
};

CpuPlan read_payload(const MappedFile& file, std::span<const std::byte> payload,
                     std::size_t header_bytes) {
  const auto* text = reinterpret_cast<const char*>(payload.data());
  const std::size_t blobs = (header_bytes + kAlignment - 1) / kAlignment * kAlignment;
  try {
    const Json header = Json::parse(text, text + header_bytes);
    return Reader(file, header, payload.subspan(std::min(blobs, payload.size()))).read();
  } catch (const Json::exception& error) {
    fail(file.path(), std::string("the plan's header cannot be read: ") + error.what());
  }
}

// Of everything but the convolutions' weights, which lie in the order of the convolutions.
std::uint64_t checksum_without_weights(const MappedFile& file, const CpuPlan& plan) {
  std::uint64_t sum = 0;
  auto rest = file.bytes().subspan(kAlignment);
  for (const PlanConvolution& conv : plan.convolutions) {
    const auto weights = conv.weights.bytes();
    if (weights.data() < rest.data()) {
      fail(file.path(), "the plan contradicts itself: the place of the weights of " + conv.name);
    }
    const auto before = static_cast<std::size_t>(weights.data() - rest.data());
    sum += checksum(file, rest.first(before));
    rest = rest.subspan(before + weights.size());
  }
  return sum + checksum(file, rest);
}

}  // namespace

bool is_cpu_plan(std::span<const std::byte> bytes) {
  return bytes.size() >= sizeof kMagic && std::memcmp(bytes.data(), kMagic, sizeof kMagic) == 0;
}

std::uint64_t checksum(const MappedFile& file, std::span<const std::byte> part) {
  constexpr std::size_t kAhead = 4096;  // the processor itself does not fetch beyond a page
  const auto offset = static_cast<std::size_t>(part.data() - file.bytes().data()) - kAlignment;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 8 <= part.size(); i += 8) {
    if (i % 64 == 0) __builtin_prefetch(part.data() + i + kAhead);
    std::uint64_t word;
    std::memcpy(&word, part.data() + i, 8);
    sum += word * ((offset + i) / 4 + 1);
  }
  return sum;
}

PlanError damaged(const MappedFile& file) {
  return PlanError(file.path() + ": the plan is damaged: its checksum does not match" + kRebuild);
}

CpuPlan read_cpu_plan(const MappedFile& file) {
  const Preamble preamble = read_preamble(file);
  const auto payload = file.bytes().subspan(kAlignment);
  try {
    CpuPlan plan = read_payload(file, payload, preamble.header_bytes);
    plan.weights_checksum = preamble.checksum - checksum_without_weights(file, plan);
    return plan;
  } catch (const std::exception&) {
    // Damage explains whatever else is wrong.
    if (checksum(file, payload) != preamble.checksum) throw damaged(file);
    throw;
  }
}

}  // namespace ecgrt

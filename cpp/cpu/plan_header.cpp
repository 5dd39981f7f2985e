#include "cpu/plan_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "cpu/kernels.h"
#include "errors.h"
#include "json_fields.h"

namespace ecgrt {
namespace {

using Json = nlohmann::json;

// What a plan may ask for (docs/plan-format.md). Taps, channels and the like are so few that
// products of three of them fit.
constexpr std::size_t kMostOfAny = std::size_t{1} << 20;
constexpr std::size_t kMostLayers = 1024;
constexpr std::size_t kMostSamples = std::size_t{1} << 40;
// Of all tensors for a segment, and for the shortest window that the network can be run in.
constexpr std::size_t kMostSegmentBytes = std::size_t{64} << 20;
constexpr std::size_t kMostWindowBytes = std::size_t{1} << 30;
// A convolution whose stride is beyond its taps is packed with zeros: by so many times the file,
// or so many bytes.
constexpr std::size_t kMostPadding = 16;
constexpr std::size_t kPaddingBytes = std::size_t{64} << 20;
// Rows that a layer computes together, at most.
constexpr std::size_t kTileRows = 64;

void require(bool ok, const std::string& what) {
  if (!ok) throw PlanError("the plan contradicts itself: " + what);
}

void require_room(bool ok, const std::string& what) {
  if (!ok) throw PlanError("the plan asks for too much memory: " + what);
}

class Reader {
 public:
  Reader(const Json& header, const PlanLayout& layout) : header_(header), layout_(layout) {}

  CpuPlan read() {
    plan_.metadata = parse_metadata(header_.at("metadata").get_ref<const std::string&>());
    plan_.training_records = header_.value("training_records", "");
    plan_.opt_samples = natural_at(header_, "opt_samples", kMostSamples);
    plan_.logits = natural_at(header_, "logits", kMostLayers);
    plan_.classes = natural_at(header_, "classes", kMostOfAny);
    read_tensors();
    read_convolutions();
    plan_.golden_input = blob(header_.at("golden").at("input"));
    plan_.golden_probabilities = blob(header_.at("golden").at("probabilities"));
    check_memory(check_golden());
    return std::move(plan_);
  }

 private:
  void read_tensors() {
    const Json& entries = header_.at("tensors");
    require(entries.is_array() && entries.size() <= 2 * kMostLayers, "its number of tensors");
    for (const Json& tensor : entries) {
      plan_.tensors.push_back({natural_at(tensor, "channels", kMostOfAny),
                               natural_at(tensor, "rate", kMostOfAny),
                               natural_at(tensor, "slot", 2 * kMostLayers)});
    }
    check_tensors();
  }

  void check_tensors() const {
    const auto& tensors = plan_.tensors;
    require(tensors.size() >= 2 && tensors[0].channels == 1 && tensors[0].rate == 1, "its input");
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      require(tensors[i].rate > 0 && tensors[i].slot < tensors.size(), "a tensor's place");
      require(i == 0 || (tensors[i].channels > 0 && tensors[i].channels % kChannelMultiple == 0),
              "a tensor's channels");
      require(plan_.metadata.samples_per_segment % tensors[i].rate == 0, "a tensor's rate");
    }
    require(plan_.logits < tensors.size() &&
                tensors[plan_.logits].rate == plan_.metadata.samples_per_segment &&
                plan_.metadata.outputs() <= tensors[plan_.logits].channels &&
                plan_.classes == plan_.metadata.classes.size(),
            "its logits");
  }

  void read_convolutions() {
    const Json& entries = header_.at("convolutions");
    require(entries.is_array() && !entries.empty() && entries.size() <= kMostLayers,
            "its number of convolutions");
    std::vector<bool> written(plan_.tensors.size());
    written[0] = true;
    for (const Json& entry : entries) {
      plan_.convolutions.push_back(read_convolution(entry));
      check_order(plan_.convolutions.back(), written);
    }
    const PlanConvolution& last = plan_.convolutions.back();
    require(plan_.logits == last.raw || plan_.logits == last.activated, "its logits");
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

  // Returns the example's number of segments.
  std::size_t check_golden() const {
    const Blob &input = plan_.golden_input, &output = plan_.golden_probabilities;
    const std::size_t outputs = plan_.metadata.outputs(), segments = output.count / outputs;
    require(input.is(NumberType::kFloat32) && output.is(NumberType::kFloat32) && segments > 0 &&
                output.count == segments * outputs &&
                input.count == segments * plan_.metadata.samples_per_segment,
            "its example");
    return segments;
  }

  void check_memory(std::size_t golden_segments) const {
    const std::size_t size = plan_.metadata.samples_per_segment;
    std::vector<std::size_t> floats(plan_.tensors.size());  // of a segment, by slot
    for (const PlanTensor& t : plan_.tensors) {
      floats[t.slot] = std::max(floats[t.slot], size / t.rate * t.channels);
    }
    std::size_t bytes = 0;
    for (const std::size_t slot : floats) bytes += slot * sizeof(float);
    // As Network has it: what layers lag behind the signal, twice.
    std::size_t late = 0;
    for (const PlanConvolution& c : plan_.convolutions) {
      const std::size_t rate = plan_.tensors[c.input].rate;
      late += c.taps * rate + kTileRows * rate * c.stride;
    }
    require(bytes > 0, "its tensors");
    require_room(bytes <= kMostSegmentBytes, "more than 64 MiB for a segment");
    const std::size_t most = kMostWindowBytes / bytes;
    require_room(late / size < most / 2, "more than 1 GiB for the segments that layers look at");
    require_room(golden_segments <= most, "more than 1 GiB for its example");
    require_room(padding_ <= kPaddingBytes + kMostPadding * layout_.end,
                 "strides far beyond their filters");
  }

  Blob blob(const Json& entry) {
    const std::size_t size = layout_.end - layout_.blobs;
    const std::size_t offset = natural_at(entry, "offset", size);
    const std::string& type = entry.at("type").get_ref<const std::string&>();
    Blob blob;
    if (type == "float16") blob.type = NumberType::kFloat16;
    if (type == "bfloat16") blob.type = NumberType::kBfloat16;
    require(type == "float32" || !blob.is(NumberType::kFloat32), "a blob's type");
    blob.offset = layout_.blobs + offset;
    blob.count = natural_at(entry, "count", (size - offset) / blob.number_size());
    if (layout_.hashed) blob.hash = read_hash(entry.at("xxh3").get_ref<const std::string&>());
    taken_ += blob.size();
    require(offset % kPlanAlignment == 0 && taken_ <= size, "a blob's place");
    return blob;
  }

  static std::uint64_t read_hash(const std::string& text) {
    std::uint64_t hash = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, hash, 16);
    require(text.size() == 16 && rest == end && error == std::errc(), "a blob's hash");
    return hash;
  }

  Blob vector(const Json& entry, std::size_t channels) {
    const Blob values = blob(entry);
    require(values.is(NumberType::kFloat32) && values.count == channels, "a vector of channels");
    return values;
  }

  std::size_t tensor(const Json& entry, const char* name, bool optional) const {
    const Json& index = entry.at(name);
    if (optional && index.is_number_integer() && index == -1) return kNoTensor;
    return natural(index, name, plan_.tensors.size() - 1);
  }

  PlanConvolution read_convolution(const Json& entry) {
    PlanConvolution conv;
    conv.name = entry.at("name").get<std::string>();
    conv.input = tensor(entry, "input", false);
    conv.residual = tensor(entry, "residual", true);
    conv.raw = tensor(entry, "raw", true);
    conv.activated = tensor(entry, "activated", true);
    conv.taps = natural_at(entry, "taps", kMostOfAny);
    conv.stride = natural_at(entry, "stride", kMostOfAny);
    conv.pad = natural_at(entry, "pad", kMostOfAny);
    conv.pool = natural_at(entry, "pool", kMostOfAny);
    const std::size_t outputs = check_outputs(conv);
    conv.weights = blob(entry.at("weights"));
    plan_.bfloat = plan_.bfloat || conv.weights.is(NumberType::kBfloat16);
    conv.bias = vector(entry.at("bias"), outputs);
    if (entry.contains("scale")) {
      conv.scale = vector(entry.at("scale"), outputs);
      conv.shift = vector(entry.at("shift"), outputs);
    }
    const std::size_t inputs = plan_.tensors[conv.input].channels;
    require(conv.weights.count == conv.taps * inputs * outputs, "weights of " + conv.name);
    count_padding(conv, inputs * outputs);
    return conv;
  }

  // A convolution of stride s is run over rows of s time steps each.
  void count_padding(const PlanConvolution& conv, std::size_t products) {
    const std::size_t rows = (conv.taps + conv.stride - 1) / conv.stride * conv.stride;
    require_room(rows <= kMostSamples / products, "strides far beyond their filters");
    padding_ += (rows - conv.taps) * products * sizeof(float);
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
    require(conv.taps > 0 && conv.stride > 0 && conv.pool > 0 && conv.pad < conv.taps &&
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

  const Json& header_;
  const PlanLayout& layout_;
  std::size_t taken_ = 0;    // bytes of the blobs
  std::size_t padding_ = 0;  // bytes that packing adds for strides
  CpuPlan plan_;
};

}  // namespace

CpuPlan read_plan_header(std::string_view json, const PlanLayout& layout) {
  const JsonDocument header(json);
  return Reader(header.root(), layout).read();
}

}  // namespace ecgrt

#include "cpu/plan_file.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "cpu/plan_header.h"
#include "errors.h"
#include "json_fields.h"

// The header's own functions, compiled for the oldest processor that ecgrt runs on.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ecgrt {
namespace {

constexpr char kMagic[8] = {'E', 'C', 'G', 'R', 'T', 'C', 'P', 'U'};
constexpr std::uint32_t kOldestVersion = 1;
constexpr std::size_t kMostHeaderBytes = std::size_t{16} << 20;
// A piece of weights that stays in the L2 cache between being read and being hashed.
constexpr std::size_t kPiece = 256 * 1024;
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
static_assert(sizeof(Preamble) == kPlanAlignment);

std::size_t align(std::size_t size) {
  return (size + kPlanAlignment - 1) / kPlanAlignment * kPlanAlignment;
}

[[noreturn]] void fail(const PlanSource& source, const std::string& what) {
  throw PlanError(source.path() + ": " + what);
}

Preamble read_preamble(const PlanSource& source) {
  if (source.size() < sizeof(Preamble)) {
    fail(source, std::string("the plan is cut short") + kRebuild);
  }
  Preamble preamble;
  source.read(0, std::as_writable_bytes(std::span(&preamble, 1)));
  if (preamble.version < kOldestVersion || preamble.version > kPlanFormatVersion) {
    fail(source, "the plan has format version " + std::to_string(preamble.version) +
                     ", this ecgrt reads versions 1 to " + std::to_string(kPlanFormatVersion) +
                     (preamble.version > kPlanFormatVersion ? "; update ecgrt, or" : ";") +
                     " build the plan again with this version's ecgrt-build-engine");
  }
  if (preamble.file_bytes != source.size()) {
    fail(source, "the plan should have " + std::to_string(preamble.file_bytes) + " bytes but has " +
                     std::to_string(source.size()) + kRebuild);
  }
  if (source.size() % kPlanAlignment != 0 ||
      preamble.header_bytes > std::min(source.size() - kPlanAlignment, kMostHeaderBytes)) {
    throw damaged(source);
  }
  return preamble;
}

PlanLayout layout_of(const Preamble& preamble) {
  const std::size_t end = preamble.file_bytes;
  return {std::min(kPlanAlignment + align(preamble.header_bytes), end), end, preamble.version > 1};
}

CpuPlan parse(const PlanSource& source, const std::byte* text, const Preamble& preamble) {
  try {
    return read_plan_header({reinterpret_cast<const char*>(text), preamble.header_bytes},
                            layout_of(preamble));
  } catch (const PlanError& error) {
    fail(source, error.what());
  } catch (const JsonError& error) {
    fail(source, std::string("the plan's header cannot be used: ") + error.what());
  } catch (const nlohmann::json::exception& error) {
    fail(source, std::string("the plan's header cannot be read: ") + error.what());
  }
}

template <class Action>
void for_blobs(CpuPlan& plan, const Action& action) {
  for (PlanConvolution& conv : plan.convolutions) {
    for (Blob* blob : {&conv.bias, &conv.scale, &conv.shift}) {
      if (blob->count > 0) action(*blob);
    }
  }
  action(plan.golden_input);
  action(plan.golden_probabilities);
}

// -- format 1

std::uint64_t sum_of_words(std::span<const std::byte> payload) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 8 <= payload.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, payload.data() + i, 8);
    sum += word * (i / 4 + 1);
  }
  return sum;
}

CpuPlan read_version_1(const PlanSource& source, const Preamble& preamble) {
  const auto content = std::make_shared<const ByteBuffer>(source.read_all());
  if (sum_of_words(content->span().subspan(kPlanAlignment)) != preamble.checksum) {
    throw damaged(source);
  }
  CpuPlan plan = parse(source, content->data() + kPlanAlignment, preamble);
  plan.content = content;
  const auto place = [&](Blob& blob) { blob.data = content->data() + blob.offset; };
  for_blobs(plan, place);
  for (PlanConvolution& conv : plan.convolutions) place(conv.weights);
  return plan;
}

// -- format 2

std::uint64_t hash_of(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

// The preamble counts as if it had no checksum, and its padding as well.
std::uint64_t hash_of(Preamble preamble, std::span<const std::byte> header) {
  preamble.checksum = 0;
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, &preamble, sizeof preamble);
  XXH3_64bits_update(&state, header.data(), header.size());
  return XXH3_64bits_digest(&state);
}

CpuPlan read_version_2(const PlanSource& source, const Preamble& preamble) {
  const PlanLayout layout = layout_of(preamble);
  const ByteBuffer header(layout.blobs - kPlanAlignment);
  source.read(kPlanAlignment, header.span());
  if (hash_of(preamble, header.span()) != preamble.checksum) throw damaged(source);
  CpuPlan plan = parse(source, header.data(), preamble);
  std::size_t size = 0;
  for_blobs(plan, [&](const Blob& blob) { size += align(blob.size()); });
  const auto content = std::make_shared<ByteBuffer>(size);
  auto rest = content->span();
  for_blobs(plan, [&](Blob& blob) {
    const auto bytes = rest.first(align(blob.size()));
    source.read(blob.offset, bytes);
    if (hash_of(bytes) != blob.hash) throw damaged(source);
    blob.data = bytes.data();
    rest = rest.subspan(bytes.size());
  });
  plan.content = content;
  return plan;
}

}  // namespace

bool is_cpu_plan(std::span<const std::byte> start) {
  return start.size() >= sizeof kMagic && std::memcmp(start.data(), kMagic, sizeof kMagic) == 0;
}

PlanError damaged(const PlanSource& source) {
  return PlanError(source.path() + ": the plan is damaged: its checksum does not match" + kRebuild);
}

CpuPlan read_cpu_plan(const PlanSource& source) {
  const Preamble preamble = read_preamble(source);
  return preamble.version == 1 ? read_version_1(source, preamble)
                               : read_version_2(source, preamble);
}

std::size_t weights_room(const CpuPlan& plan) {
  std::size_t most = 0;
  for (const PlanConvolution& conv : plan.convolutions) {
    if (conv.weights.data == nullptr) most = std::max(most, align(conv.weights.size()));
  }
  return most;
}

bool load_weights(const PlanSource& source, std::span<std::byte> room, Blob& weights) noexcept {
  if (weights.data != nullptr) return true;
  auto rest = room.first(align(weights.size()));
  weights.data = rest.data();
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  for (std::size_t offset = weights.offset; !rest.empty();) {
    const auto piece = rest.first(std::min(kPiece, rest.size()));
    if (!source.try_read(offset, piece)) return false;
    XXH3_64bits_update(&state, piece.data(), piece.size());
    offset += piece.size();
    rest = rest.subspan(piece.size());
  }
  return XXH3_64bits_digest(&state) == weights.hash;
}

}  // namespace ecgrt

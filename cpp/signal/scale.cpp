#include "signal/scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ecgrt {
namespace {

constexpr std::size_t kReach = 8;  // blocks to either side
constexpr double kLeast = 1e-6;    // of a scale: what is zero stays zero
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void LocalScale::start(double rate) {
  rate_ = rate;
  position_ = second_ = 0;
  second_ends_ = second_begins(1);
  before_ = sum_ = {};
  blocks_.clear();
  middles_.clear();
  scales_.clear();
  finished_ = false;
}

std::size_t LocalScale::second_begins(std::size_t second) const {
  return static_cast<std::size_t>(std::llround(static_cast<double>(second) * rate_));
}

void LocalScale::push(std::span<const float> samples, std::span<const unsigned char> readable) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (readable[i]) {
      sum_.squares += static_cast<double>(samples[i]) * samples[i];
      ++sum_.readable;
    }
    ++sum_.all;
    if (++position_ < second_ends_) continue;
    second_ends_ = second_begins(++second_ + 1);
    const Sum both{before_.squares + sum_.squares, before_.readable + sum_.readable,
                   before_.all + sum_.all};
    if (second_ >= 2) end_block(both, static_cast<double>(second_begins(second_ - 1)));
    before_ = sum_;
    sum_ = {};
  }
}

void LocalScale::end_block(const Sum& block, double middle) {
  const bool counts = block.readable > 0 && 2 * block.readable >= block.all;
  const auto readable = static_cast<double>(block.readable);
  blocks_.push_back(counts ? std::sqrt(block.squares / readable) : kNone);
  middles_.push_back(middle);
  if (blocks_.size() > kReach) end_median();
}

// Finds the scale of the first block that has none yet.
void LocalScale::end_median() {
  const std::size_t block = scales_.size();
  double values[2 * kReach + 1];
  std::size_t count = 0;
  for (std::size_t i = block - std::min(block, kReach);
       i <= std::min(block + kReach, blocks_.size() - 1); ++i) {
    if (!std::isnan(blocks_[i])) values[count++] = blocks_[i];
  }
  double scale = scales_.empty() ? kNone : scales_.back();
  if (count > 0) {
    std::sort(values, values + count);
    scale = std::max((values[(count - 1) / 2] + values[count / 2]) / 2, kLeast);
    for (auto i = scales_.rbegin(); i != scales_.rend() && std::isnan(*i); ++i) *i = scale;
  }
  scales_.push_back(scale);
}

void LocalScale::finish() {
  if (blocks_.empty() && position_ > 0) {  // shorter than two seconds: one block
    const Sum all{before_.squares + sum_.squares, before_.readable + sum_.readable, position_};
    end_block(all, static_cast<double>(position_) / 2);
  }
  while (scales_.size() < blocks_.size()) end_median();
  finished_ = true;
}

std::size_t LocalScale::settled() const {
  if (finished_) return position_;
  if (scales_.empty() || std::isnan(scales_.back())) return 0;
  return static_cast<std::size_t>(middles_[scales_.size() - 1]) + 1;
}

void LocalScale::divide(std::size_t first, std::span<float> values) const {
  if (scales_.empty() || std::isnan(scales_.back())) return;
  std::size_t i = 0;
  for (std::size_t next = 0; i < values.size();) {
    // Samples up to the middle of block `next` lie between it and the one before.
    const auto place = static_cast<double>(first + i);
    const auto found =
        std::lower_bound(middles_.begin() + static_cast<std::ptrdiff_t>(next),
                         middles_.begin() + static_cast<std::ptrdiff_t>(scales_.size()), place);
    next = static_cast<std::size_t>(found - middles_.begin());
    const bool last = next == scales_.size();
    const double from = scales_[next > 0 ? next - 1 : 0], to = scales_[last ? next - 1 : next];
    const double begin = middles_[next > 0 ? next - 1 : 0];
    const double width = next > 0 && !last ? middles_[next] - begin : 1;
    const double until = last ? static_cast<double>(first + values.size()) : middles_[next] + 1;
    for (; i < values.size() && static_cast<double>(first + i) < until; ++i) {
      const double x = next > 0 && !last ? (static_cast<double>(first + i) - begin) / width : 0;
      values[i] = static_cast<float>(values[i] / (from + (to - from) * x));
    }
  }
}

}  // namespace ecgrt

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

void LocalScale::Sum::add(std::span<const float> samples, std::span<const unsigned char> flags) {
  const auto take = [&](std::size_t lane, std::size_t i) {
    const double value = flags[i] != 0 ? samples[i] : 0;
    squares[lane] += value * value;
    readable += flags[i] != 0 ? 1 : 0;
  };
  std::size_t i = 0;
  for (; i < samples.size() && (all + i) % 4 != 0; ++i) take((all + i) % 4, i);
  for (; i + 4 <= samples.size(); i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) take(lane, i + lane);
  }
  for (; i < samples.size(); ++i) take((all + i) % 4, i);
  all += samples.size();
}

LocalScale::Sum LocalScale::Sum::operator+(const Sum& other) const {
  Sum sum = *this;
  for (std::size_t lane = 0; lane < 4; ++lane) sum.squares[lane] += other.squares[lane];
  sum.readable += other.readable;
  sum.all += other.all;
  return sum;
}

void LocalScale::push(std::span<const float> samples, std::span<const unsigned char> readable) {
  while (!samples.empty()) {
    const std::size_t count = std::min(samples.size(), second_ends_ - position_);
    sum_.add(samples.first(count), readable);
    samples = samples.subspan(count);
    readable = readable.subspan(count);
    position_ += count;
    if (position_ < second_ends_) return;
    second_ends_ = second_begins(++second_ + 1);
    if (second_ >= 2) end_block(before_ + sum_, static_cast<double>(second_begins(second_ - 1)));
    before_ = sum_;
    sum_ = {};
  }
}

void LocalScale::end_block(const Sum& block, double middle) {
  const bool counts = block.readable > 0 && 2 * block.readable >= block.all;
  const auto readable = static_cast<double>(block.readable);
  const double* part = block.squares;
  const double squares = (part[0] + part[1]) + (part[2] + part[3]);
  blocks_.push_back(counts ? std::sqrt(squares / readable) : kNone);
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
    end_block(before_ + sum_, static_cast<double>(position_) / 2);
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
    const double slope = next > 0 && !last ? (to - from) / (middles_[next] - begin) : 0;
    const double until = last ? HUGE_VAL : std::floor(middles_[next]) + 1;
    const auto end = static_cast<std::size_t>(
        std::min(until - static_cast<double>(first), static_cast<double>(values.size())));
    const double start = static_cast<double>(first) - begin;
    for (; i < end; ++i) {
      values[i] = static_cast<float>(values[i] / (from + slope * (start + static_cast<double>(i))));
    }
  }
}

}  // namespace ecgrt

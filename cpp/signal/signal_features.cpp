#include "signal/signal_features.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "signal/fir.h"
#include "signal/statistics.h"

namespace ecgrt {
namespace {

constexpr int kHalf = 24;          // taps of a filter on either side
constexpr std::size_t kWide = 80;  // 0.4 s on either side of the baseline's means
constexpr std::size_t kSecond = static_cast<std::size_t>(kBeatRate);

// Means over 2 * kWide + 1 samples, the ends held.
void smooth(std::span<const float> x, std::vector<double>& sums, std::vector<float>& out) {
  const std::size_t n = x.size();
  sums.resize(n + 1);
  sums[0] = 0;
  std::size_t done = 0;
  for (; done + 4 <= n; done += 4) {  // only one addition waits for the one before
    const float* v = x.data() + done;
    double* sum = sums.data() + done;
    const double two = double(v[0]) + v[1], three = two + v[2], four = two + (double(v[2]) + v[3]);
    sum[1] = sum[0] + v[0];
    sum[2] = sum[0] + two;
    sum[3] = sum[0] + three;
    sum[4] = sum[0] + four;
  }
  for (; done < n; ++done) sums[done + 1] = sums[done] + x[done];
  out.resize(n);
  constexpr double kShare = 1.0 / (2 * kWide + 1);
  const auto at_end = [&](std::size_t i) {
    const std::size_t begin = i < kWide ? 0 : i - kWide, end = std::min(i + kWide + 1, n);
    double sum = sums[end] - sums[begin];
    if (i < kWide) sum += static_cast<double>(kWide - i) * x[0];
    if (i + kWide + 1 > n) sum += static_cast<double>(i + kWide + 1 - n) * x[n - 1];
    out[i] = static_cast<float>(sum * kShare);
  };
  const std::size_t begin = std::min(kWide, n), end = std::max(n, kWide) - kWide;
  for (std::size_t i = 0; i < begin; ++i) at_end(i);
  const double* behind = sums.data();
  for (std::size_t i = begin; i < end; ++i, ++behind) {
    out[i] = static_cast<float>((behind[2 * kWide + 1] - behind[0]) * kShare);
  }
  for (std::size_t i = std::max(begin, end); i < n; ++i) at_end(i);
}

bool lost_second(std::span<const Stretch> gaps, std::size_t start) {
  const auto begin = static_cast<std::int64_t>(start);
  return overlaps(gaps, begin, begin + static_cast<std::int64_t>(kSecond));
}

}  // namespace

SignalFeatures::SignalFeatures(const SignalKernels& kernels)
    : kernels_(kernels),
      taps5_(low_pass(5, kHalf)),
      taps15_(low_pass(15, kHalf)),
      taps40_(low_pass(40, kHalf)) {}

void SignalFeatures::compute(std::span<const float> x, std::span<const Stretch> gaps,
                             Interludes between, FeatureValues& out) {
  low40_.clear();
  if (x.empty()) return;
  filter(x, between);
  bands(gaps, between, out);
  seconds(gaps, between, out);
}

void SignalFeatures::filter(std::span<const float> x, Interludes between) {
  const std::size_t n = x.size();
  smooth(x, sums_, once_);
  between.after(n);
  smooth(once_, sums_, scratch_);
  between.after(n);
  high_.resize(n + 2 * kHalf);
  for (std::size_t i = 0; i < n; ++i) high_[i + kHalf] = x[i] - scratch_[i];
  std::fill_n(high_.begin(), kHalf, high_[kHalf]);
  std::fill_n(high_.end() - kHalf, kHalf, high_[kHalf + n - 1]);
  for (auto [taps, out] :
       {std::pair(&taps5_, &low5_), std::pair(&taps15_, &low15_), std::pair(&taps40_, &low40_)}) {
    out->resize(n);
    convolve(kernels_, *taps, high_.data(), out->data(), n);
    between.after(n);
  }
}

void SignalFeatures::bands(std::span<const Stretch> gaps, Interludes between, FeatureValues& out) {
  for (auto& shares : shares_) shares.clear();
  for (std::size_t start = 0; start + kSecond <= low5_.size(); start += kSecond) {
    between.after(kSecond);
    if (lost_second(gaps, start)) continue;
    // What lies between two filters, and above the last.
    const auto sums = [&](const float* narrow, const float* wide) {
      return kernels_.pair_sums(narrow, wide, kSecond);
    };
    const PairSums low = sums(&low5_[start], &low15_[start]);
    const std::array power{low.aa, low.square_of_difference(),
                           sums(&low15_[start], &low40_[start]).square_of_difference(),
                           sums(&low40_[start], &high_[start + kHalf]).square_of_difference()};
    const double total = power[0] + power[1] + power[2] + power[3];
    if (!(total > 0)) continue;
    for (std::size_t k = 0; k < 3; ++k) shares_[k].push_back(power[k] / total);
  }
  if (shares_[0].empty()) return;
  const std::array names{Feature::band_low, Feature::band_mid, Feature::band_high};
  for (std::size_t k = 0; k < 3; ++k) out.put(names[k], log_of(quantile(shares_[k], 0.5)));
}

void SignalFeatures::seconds(std::span<const Stretch> gaps, Interludes between,
                             FeatureValues& out) {
  crest_.clear();
  double total = 0, noisy = 0;
  for (std::size_t start = 0; start + kSecond <= low40_.size(); start += kSecond) {
    between.after(kSecond);
    if (lost_second(gaps, start)) continue;
    ++total;
    scratch_.resize(kSecond);
    for (std::size_t i = 0; i < kSecond; ++i) {
      scratch_[i] = std::abs(low40_[start + i] - low5_[start + i]);
    }
    const float peak = kernels_.range(scratch_.data(), kSecond).high;
    if (!(peak > 0)) continue;
    crest_.push_back(peak / std::max(quantile(kernels_, scratch_, 0.5), 1e-3F * peak));
    noisy += crest_.back() < 5 ? 1 : 0;
  }
  if (crest_.empty()) return;
  out.put(Feature::noisy_seconds, noisy / total);
  out.put(Feature::crest, log_of(quantile(crest_, 0.5)));
}

}  // namespace ecgrt

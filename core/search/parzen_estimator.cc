#include "core/search/parzen_estimator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fitd {
namespace {

// Largest number below 1.
constexpr double kEnd = 1 - 0x1p-53;

// Numbers that belong to the index-th draw.
constexpr uint64_t kNumbersPerDraw = 64;

// Below x, of a standard normal variable.
double NormalMass(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

}  // namespace

ParzenEstimator::ParzenEstimator(std::vector<double> points) {
  constexpr double kCentre = 0.5;
  points.push_back(kCentre);
  std::sort(points.begin(), points.end());
  const auto prior = std::find(points.begin(), points.end(), kCentre) - points.begin();
  const double narrowest = 1 / std::min(100.0, static_cast<double>(points.size()) + 1);
  for (size_t i = 0; i < points.size(); ++i) {
    const double left = i == 0 ? 0 : points[i] - points[i - 1];
    const double right = i + 1 == points.size() ? 0 : points[i + 1] - points[i];
    const bool wide = static_cast<std::ptrdiff_t>(i) == prior;
    const double deviation = wide ? 1 : std::clamp(std::max(left, right), narrowest, 1.0);
    const double mean = points[i];
    kernels_.push_back(
        {.mean = mean,
         .deviation = deviation,
         .mass = NormalMass((1 - mean) / deviation) - NormalMass(-mean / deviation)});
  }
}

double ParzenEstimator::Density(double x) const {
  double sum = 0;
  for (const Kernel& kernel : kernels_) {
    const double distance = (x - kernel.mean) / kernel.deviation;
    sum += std::exp(-0.5 * distance * distance) / (kernel.deviation * kernel.mass);
  }
  return sum / (std::sqrt(2 * std::numbers::pi) * static_cast<double>(kernels_.size()));
}

double ParzenEstimator::Draw(const Rng& rng, uint64_t index) const {
  const uint64_t first = index * kNumbersPerDraw;
  const Kernel& kernel =
      kernels_[static_cast<size_t>(rng.Uniform(first) * static_cast<double>(kernels_.size()))];
  double x = 0;
  for (uint64_t i = 1; i < kNumbersPerDraw; ++i) {
    x = kernel.mean + kernel.deviation * rng.Normal(first + i);
    if (x >= 0 && x < 1) return x;
  }
  return std::clamp(x, 0.0, kEnd);
}

ClassEstimator::ClassEstimator(const std::vector<double>& points, int count) {
  const auto all = static_cast<double>(points.size()) + 1;
  probabilities_.assign(static_cast<size_t>(count), 1 / (count * all));
  for (const double point : points) probabilities_[static_cast<size_t>(point * count)] += 1 / all;
}

double ClassEstimator::Density(double x) const {
  const auto count = static_cast<double>(probabilities_.size());
  return probabilities_[static_cast<size_t>(x * count)] * count;
}

double ClassEstimator::Draw(const Rng& rng, uint64_t index) const {
  double left = rng.Uniform(index * kNumbersPerDraw);
  size_t chosen = 0;
  while (chosen + 1 < probabilities_.size() && left >= probabilities_[chosen])
    left -= probabilities_[chosen++];
  return (static_cast<double>(chosen) + 0.5) / static_cast<double>(probabilities_.size());
}

}  // namespace fitd

// What the core decides for everybody: valid metadata, a record's label, shared constants.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>

#include "bindings/bindings.h"
#include "cpu/kernels.h"
#include "cpu/plan_file.h"
#include "decision.h"
#include "docstrings.h"
#include "errors.h"
#include "metadata.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Flags = py::array_t<std::uint8_t, py::array::c_style | py::array::forcecast>;

// Copies the columns [first, end) of a row-major array of `width` columns.
void copy_columns(const Floats& from, std::size_t first, std::size_t end, std::vector<float>& to) {
  const auto width = static_cast<std::size_t>(from.shape(1));
  const auto rows = static_cast<std::size_t>(from.shape(0));
  to.reserve(rows * (end - first));
  for (std::size_t row = 0; row < rows; ++row) {
    const float* values = from.data() + row * width;
    to.insert(to.end(), values + first, values + end);
  }
}

std::pair<std::optional<std::string>, py::array_t<float>> decide_record(
    const std::string& json, const Floats& answers, const std::optional<Flags>& readable,
    const std::optional<Floats>& rhythm, double min_confidence) {
  const Metadata metadata = valid_metadata(json);
  const std::size_t classes = metadata.classes.size(), outputs = metadata.outputs();
  if (answers.ndim() != 2 || static_cast<std::size_t>(answers.shape(1)) != outputs) {
    throw py::value_error("answers must be an array of (segments, " + std::to_string(outputs) +
                          ")");
  }
  Prediction prediction;
  copy_columns(answers, 0, classes, prediction.segment_probabilities);
  copy_columns(answers, classes, outputs, prediction.segment_evidence);
  if (readable) {
    if (readable->size() != answers.shape(0)) {
      throw py::value_error("readable must have an entry for each segment");
    }
    prediction.readable.assign(readable->data(), readable->data() + readable->size());
  }
  if (metadata.record_head) {
    const std::size_t features = metadata.record_head->features.size();
    if ((rhythm ? static_cast<std::size_t>(rhythm->size()) : 0) != features) {
      throw py::value_error("rhythm must be " + std::to_string(features) +
                            " features, those that the record head names");
    }
    if (rhythm) prediction.rhythm.assign(rhythm->data(), rhythm->data() + features);
  }
  decide(metadata, min_confidence, prediction);
  const auto size = static_cast<py::ssize_t>(prediction.probabilities.size());
  py::array_t<float> probabilities(size, prediction.probabilities.data());
  if (!prediction.label) return {std::nullopt, probabilities};
  return {metadata.classes[*prediction.label], probabilities};
}

}  // namespace

Metadata valid_metadata(const std::string& json) {
  try {
    return parse_metadata(json);
  } catch (const PlanError& error) {
    throw py::value_error(error.what());
  }
}

void register_rules(py::module_& m) {
  m.def(
      "check_metadata", [](const std::string& json) { valid_metadata(json); }, py::arg("json"),
      doc::check_metadata);
  m.def("decide", &decide_record, py::arg("json"), py::arg("answers"),
        py::arg("readable") = py::none(), py::arg("rhythm") = py::none(),
        py::arg("min_confidence") = 0.0, doc::decide);
  m.attr("CHANNEL_MULTIPLE") = kChannelMultiple;
  m.attr("PLAN_FORMAT_VERSION") = kPlanFormatVersion;
  m.attr("POOLING_FLOOR") = kPoolingFloor;
}

}  // namespace ecgrt

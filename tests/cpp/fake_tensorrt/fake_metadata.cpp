// Stands in for the core's parser, which needs a JSON library and has tests of its own.
#include "errors.h"
#include "metadata.h"

namespace ecgrt {

Metadata parse_metadata(std::string_view json) {
  if (json != R"({"model":"fake"})") {
    throw PlanError("the metadata is not JSON");
  }
  Metadata metadata;
  metadata.classes = {"A", "N", "O", "~"};
  metadata.sampling_rate = 300;
  metadata.samples_per_segment = 16;
  metadata.context_segments = 2;
  metadata.json = json;
  return metadata;
}

}  // namespace ecgrt

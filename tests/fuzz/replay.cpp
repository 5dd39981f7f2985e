// Gives each file that is named to a target, once, without an engine.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** names) {
  for (int i = 1; i < count; ++i) {
    std::ifstream file(names[i], std::ios::binary);
    if (!file) return std::printf("cannot open %s\n", names[i]), 1;
    const std::vector<char> content{std::istreambuf_iterator<char>(file), {}};
    std::printf("%s\n", names[i]);
    std::fflush(stdout);  // the last that is printed is the one that fails
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
  }
}

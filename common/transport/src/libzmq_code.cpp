#include "common/transport/libzmq_code.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <link.h>

namespace gate::peer {
namespace {

// The address range of libzmq's code in this process. Empty if libzmq is not a shared library here.
struct code_range {
  std::uintptr_t begin = 0, end = 0;

  bool has(const void* address) const noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    return at >= begin && at < end;
  }
};

extern "C" int find_libzmq(dl_phdr_info* object, std::size_t, void* into) {
  const std::string_view path = object->dlpi_name == nullptr ? "" : object->dlpi_name;
  if (path.substr(path.rfind('/') + 1).find("libzmq") != 0) return 0;
  auto& range = *static_cast<code_range*>(into);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
    range.begin = object->dlpi_addr + part.p_vaddr;
    range.end = range.begin + part.p_memsz;
  }
  return 1;
}

const code_range& libzmq() noexcept {
  static const code_range found = [] {
    code_range range;
    ::dl_iterate_phdr(find_libzmq, &range);
    return range;
  }();
  return found;
}

}  // namespace

bool is_libzmq_loaded() noexcept { return libzmq().end != 0; }
bool is_code_of_libzmq(const void* address) noexcept { return libzmq().has(address); }

}  // namespace gate::peer

#include <new>

#include <gate/argument_list.hpp>
#include <gate/reply.hpp>

namespace gate {

void Reply::answers(std::string_view service, std::string_view method) noexcept {
  try {
    texts_.append(service).append(1, '.').append(method);
  } catch (const std::bad_alloc&) {  // without the name, its errors do not name the call
  }
}

void detail::throw_bad_answer(std::string_view call, std::string_view place, std::string_view type,
                              std::string_view why) {
  std::string label;
  if (!call.empty()) label.append(call).append(": ");
  throw Error(errc::invalid_argument, misfit_text(label.append(place), type, why));
}

}  // namespace gate

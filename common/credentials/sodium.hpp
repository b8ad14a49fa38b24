// libsodium, which must be made ready before its first use.
#pragma once

namespace gate {

// Makes libsodium ready. Later calls do nothing. Thread-safe.
void need_sodium() noexcept;

}  // namespace gate

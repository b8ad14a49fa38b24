// Writes the result of a call, of any size, to a file or to standard output.
#pragma once

#include <string>

#include <gate/pending_call.hpp>

#include "cli/context/settings.hpp"

namespace gate::cli {

// What to write: the bytes of a result as they come, or the value as JSON and a newline, as without --save. In the
// second case too, a value that is bytes or text is written as it is.
enum class saved_as { as_it_comes, as_json };

// Throws usage_error if the file cannot be written to. `-` is standard output.
void check_save(const std::string& file);

// Makes the call and writes its result as it arrives. `idempotent`: if the transfer to a regular file breaks off, it is
// resumed. Throws Error, and std::runtime_error if the file cannot be written.
void save_result(PendingCall call, const std::string& file, saved_as form, bool idempotent, output_format format);

}  // namespace gate::cli

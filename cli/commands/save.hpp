// The result of a call, of any size, to a file or to standard output.
#pragma once

#include <string>

#include <gate/pending_call.hpp>

#include "cli/context/settings.hpp"

namespace gate::cli {

// What is written: the bytes of a result as they come, or the JSON of any value, as without --save, and a newline. A
// value that turns out to be bytes or text is written as it is.
enum class saved_as { as_it_comes, as_json };

// Throws usage_error where nothing could be saved to: `-` is standard output.
void check_save(const std::string& file);

// Makes the call and writes its result there as it comes. `idempotent`: what breaks off goes on by itself, in a regular
// file. Throws Error, and std::runtime_error when it cannot be written.
void save_result(PendingCall call, const std::string& file, saved_as form, bool idempotent, output_format format);

}  // namespace gate::cli

#include "cli/commands/save.hpp"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <gate/huge_data.hpp>
#include <gate/value.hpp>

#include "cli/context/descriptors.hpp"
#include "cli/context/duration.hpp"
#include "cli/context/json_text.hpp"
#include "cli/context/outcome.hpp"
#include "cli/terminal/terminal.hpp"

namespace gate::cli {
namespace {

// The fields of -o json.
struct saved_file {
  std::string file;
  std::uint64_t bytes = 0;
  MSGPACK_DEFINE_MAP(file, bytes)
};

namespace files = std::filesystem;

// Draws one line again and again, for a person at a terminal.
void show_progress(const huge_progress& now) {
  std::string line = "\r\x1b[K" + std::to_string(now.bytes >> 20);
  if (now.total) line += " of " + std::to_string(*now.total >> 20);
  line += " MiB, " + std::to_string(static_cast<std::uint64_t>(now.rate) >> 20) + " MiB/s";
  if (now.estimate) {
    line += ", " + show_duration(std::chrono::duration_cast<std::chrono::milliseconds>(*now.estimate)) + " left";
  }
  std::cerr << line << std::flush;
}

std::string label_of(const std::string& file) { return file == "-" ? "standard output" : "'" + file + "'"; }

[[noreturn]] void cannot_write(const std::string& file, const std::string& why) {
  throw std::runtime_error("cannot write to " + label_of(file) + ": " + why);
}

// A pipe, a terminal or a device: it is written in order, and has no positions.
bool is_sequential(const std::string& file) {
  std::error_code error;
  const files::file_status about = files::status(file, error);
  return file == "-" || (files::exists(about) && !files::is_regular_file(about));
}

std::uint64_t write_in_order(PendingCall call, const std::string& file) {
  blocking_huge data = std::move(call).get<HugeData>().blocking();
  const owned_descriptor own(file == "-" ? -1 : ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));  // NOLINT
  if (file != "-" && !own.is_open()) cannot_write(file, std::strerror(errno));
  std::uint64_t size = 0;
  while (const std::optional<std::string> chunk = data.next()) {
    if (const int error = write_all(file == "-" ? STDOUT_FILENO : own.number(), *chunk); error != 0) {
      cannot_write(file, std::strerror(error));
    }
    size += chunk->size();
  }
  return size;
}

std::uint64_t write_value(PendingCall call, const std::string& file) {
  const value result = std::move(call).get<value>();
  std::string text;
  if (result.kind() == value_kind::string) {
    text = result.as<std::string>();
  } else if (result.kind() == value_kind::binary) {
    text.assign(result.object().via.bin.ptr, result.object().via.bin.size);
  } else {
    text = to_json(result) + '\n';
  }
  constexpr int how = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY;
  const owned_descriptor own(file == "-" ? -1 : ::open(file.c_str(), how, 0666));  // NOLINT
  if (file != "-" && !own.is_open()) cannot_write(file, std::strerror(errno));
  if (const int error = write_all(file == "-" ? STDOUT_FILENO : own.number(), text); error != 0) {
    cannot_write(file, std::strerror(error));
  }
  return text.size();
}

std::uint64_t write_to_file(PendingCall call, const std::string& file, bool idempotent) {
  const bool told = colours_on(STDERR_FILENO);
  progress_function progress;
  if (told) progress = show_progress;
  std::uint64_t size = 0;
  try {
    size = idempotent ? std::move(call).get_download(file, {}, std::move(progress))
                      : std::move(call).get<HugeData>().blocking().to_file(file, std::move(progress));
  } catch (const std::system_error& e) {
    if (told) std::cerr << '\n';
    cannot_write(file, e.code().message());
  } catch (...) {
    if (told) std::cerr << '\n';
    throw;
  }
  if (told) std::cerr << "\r\x1b[K" << std::flush;
  return size;
}

}  // namespace

void check_save(const std::string& file) {
  if (file == "-") return;
  std::error_code error;
  const files::path folder = files::path(file).parent_path();
  const bool there = files::exists(file, error);
  if (files::is_directory(file, error)) throw usage_error("--save " + file + ": it is a folder");
  const std::string checked = there ? file : folder.empty() ? "." : folder.string();
  if (::access(checked.c_str(), there ? W_OK : W_OK | X_OK) != 0) {
    throw usage_error("--save " + file + ": cannot write to '" + checked + "': " + std::strerror(errno));
  }
}

void save_result(PendingCall call, const std::string& file, saved_as form, bool idempotent, output_format format) {
  std::cout.flush();
  std::uint64_t size = 0;
  if (form == saved_as::as_json) {
    size = write_value(std::move(call), file);
  } else if (is_sequential(file)) {
    size = write_in_order(std::move(call), file);
  } else {
    size = write_to_file(std::move(call), file, idempotent);
  }
  if (file == "-") return;
  if (format == output_format::for_programs) {
    print(value::of(saved_file{file, size}));
  } else {
    std::cout << file << ": " << size << " bytes\n";
  }
}

}  // namespace gate::cli

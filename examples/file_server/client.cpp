// Lists, gets and puts files of a file server. See file-server-client --help.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include <gate/client.hpp>

#include "examples/file_server/entry.hpp"

namespace {

constexpr std::string_view usage = R"(usage: file-server-client [--broker ADDRESS] [--dialect gate/2|gate-rpc] COMMAND
  list [FOLDER]        what is in a folder of the server
  stat PATH            one file or folder
  get PATH [FILE]      fetches a file; what broke off goes on by itself
  put FILE [PATH]      sends one; through a gate-rpc broker up to 16 MiB
)";

using file_server::entry;

std::string size_text(double bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
  return text;
}

// Draws one line again and again. Does nothing if the output is no terminal.
void draw(const gate::huge_progress& now) {
  static const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  if (!terminal) return;
  std::string line = "\r\x1b[K";
  if (now.total && *now.total > 0) {
    constexpr std::size_t width = 40;
    const double part = static_cast<double>(now.bytes) / static_cast<double>(*now.total);
    const auto filled = static_cast<std::size_t>(part * width);
    line += "[" + std::string(filled, '#') + std::string(width - filled, '.') + "] ";
    line += std::to_string(static_cast<int>(part * 100)) + " % of " + size_text(static_cast<double>(*now.total));
  } else {
    line += size_text(static_cast<double>(now.bytes));
  }
  line += ", " + size_text(now.rate) + "/s";
  if (now.estimate) {
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(*now.estimate).count();
    line += ", " + std::to_string(left) + " s left";
  }
  std::cout << line << std::flush;
}

void end_line() {
  if (::isatty(STDOUT_FILENO) == 1) std::cout << "\r\x1b[K";
}

void print(const entry& e) {
  const std::time_t at = e.changed;
  char time[32] = "";
  std::strftime(time, sizeof time, "%Y-%m-%d %H:%M", std::localtime(&at));
  std::printf("%12s  %s  %s%s\n", e.is_folder ? "" : size_text(static_cast<double>(e.bytes)).c_str(), time,
              e.name.c_str(), e.is_folder ? "/" : "");
}

gate::task<void> list(gate::Client client, std::string folder) {
  const auto entries = co_await client["file_server"]["list"](folder).as<std::vector<entry>>();
  for (const entry& e : entries) print(e);
}

gate::task<void> stat(gate::Client client, std::string path) {
  const entry e = co_await client["file_server"]["stat"](path).as<entry>();
  print(e);
}

// [get]
gate::task<void> get(gate::Client client, std::string path, std::filesystem::path file) {
  gate::download_options patience;
  patience.attempts_max = 30;
  const std::uint64_t bytes = co_await client["file_server"]["download"](path).download(file, patience, draw);
  end_line();
  std::cout << file.string() << ": " << size_text(static_cast<double>(bytes)) << '\n';
}
// [/get]

// gate-rpc has no HugeData arguments. So the content is one value; the worker's HugeData parameter takes that too.
gate::task<void> put_value(gate::Client client, std::filesystem::path file, std::string path) {
  gate::HugeData data = gate::HugeData::from_file(file);
  const std::string text = co_await data.to_memory(16u << 20);
  const gate::bytes content(reinterpret_cast<const std::byte*>(text.data()),  // NOLINT: bytes
                            reinterpret_cast<const std::byte*>(text.data() + text.size()));
  const entry e = co_await client["file_server"]["upload"](path, content).as<entry>();
  print(e);
}

// [put]
gate::task<void> put(gate::Client client, std::filesystem::path file, std::string path) {
  gate::HugeData content = gate::HugeData::from_file(file);
  const entry e = co_await client["file_server"]["upload"](path, std::move(content)).as<entry>();
  print(e);
}
// [/put]

int run(gate::Client client, gate::loop& loop, bool foreign, const std::vector<std::string>& given) {
  const std::string& command = given[0];
  if (command == "list" && given.size() <= 2) {
    loop.run(list(client, given.size() > 1 ? given[1] : ""));
  } else if (command == "stat" && given.size() == 2) {
    loop.run(stat(client, given[1]));
  } else if (command == "get" && (given.size() == 2 || given.size() == 3)) {
    loop.run(get(client, given[1],
                 given.size() > 2 ? std::filesystem::path(given[2]) : std::filesystem::path(given[1]).filename()));
  } else if (command == "put" && (given.size() == 2 || given.size() == 3)) {
    const std::filesystem::path file = given[1];
    const std::string path = given.size() > 2 ? given[2] : file.filename().string();
    loop.run(foreign ? put_value(client, file, path) : put(client, file, path));
  } else {
    std::cerr << usage;
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> given(argv + 1, argv + argc);
  gate::client_options options("tcp://127.0.0.1:5555");
  while (given.size() >= 2 && (given[0] == "--broker" || given[0] == "--dialect")) {
    const std::optional<gate::broker_dialect> dialect =
        given[0] == "--dialect" ? gate::broker_dialect_of(given[1]) : options.dialect;
    if (!dialect) {
      std::cerr << usage;
      return 2;
    }
    options.dialect = *dialect;
    if (given[0] == "--broker") options.endpoint = given[1];
    given.erase(given.begin(), given.begin() + 2);
  }
  if (given.empty() || given[0] == "--help") {
    (given.empty() ? std::cerr : std::cout) << usage;
    return given.empty() ? 2 : 0;
  }
  try {
    gate::loop loop;
    return run(gate::Client(loop, options), loop, options.dialect == gate::broker_dialect::gate_rpc, given);
  } catch (const std::exception& e) {
    std::cout << std::flush;
    std::cerr << "file-server-client: " << e.what() << '\n';
    return 1;
  }
}

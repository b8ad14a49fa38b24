#include "cli/call.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <gate/adaptors.hpp>
#include <gate/cross_loop.hpp>
#include <gate/huge_data.hpp>

#include "cli/connection.hpp"
#include "cli/duration.hpp"
#include "cli/json.hpp"
#include "cli/reports.hpp"
#include "cli/terminal.hpp"

namespace gate::cli {
namespace {

// A terminal is no place for more octets than that.
constexpr std::size_t shown_bytes_max = 1u << 20;

void show(const value& v, output_format format, bool pretty) {
  if (format == output_format::for_programs) {
    print(to_json(v), pretty && colours_on(1));
  } else if (v.kind() == value_kind::string) {
    std::cout << v.as<std::string>() << '\n';
  } else if (!v.is_nil() || !pretty) {
    print(to_json(v), pretty);
  }
}

int stream_items(PendingCall call, output_format format) {
  blocking_stream<value> items = std::move(call).stream<value>().blocking();
  while (const std::optional<value> item = items.next()) {
    show(*item, format, false);
    // Each at once: somebody may be waiting for it. And no more of them when nobody reads: `gate call ... | head`.
    if (!std::cout.flush()) return call_failed;
  }
  return succeeded;
}

// One line that is drawn again and again, for who waits in front of a terminal.
void show_progress(const huge_progress& now) {
  std::string line = "\r\x1b[K" + std::to_string(now.bytes >> 20);
  if (now.total) line += " of " + std::to_string(*now.total >> 20);
  line += " MiB, " + std::to_string(static_cast<std::uint64_t>(now.rate) >> 20) + " MiB/s";
  if (now.estimate) {
    line += ", " + show_duration(std::chrono::duration_cast<std::chrono::milliseconds>(*now.estimate)) + " left";
  }
  std::cerr << line << std::flush;
}

int save_result(PendingCall call, const call_line& line) {
  const bool told = colours_on(2);
  progress_function progress;
  if (told) progress = show_progress;
  std::uint64_t size = 0;
  if (line.idempotent) {
    size = std::move(call).get_download(line.save, {}, std::move(progress));
  } else {
    size = std::move(call).get<HugeData>().blocking().to_file(line.save, std::move(progress));
  }
  if (told) std::cerr << "\r\x1b[K" << std::flush;
  std::cout << line.save << ": " << size << " bytes\n";
  return succeeded;
}

argument_list arguments_of(const call_line& line) {
  try {
    return gather(line.arguments, [] {
      return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
    });
  } catch (const json_error& e) {
    throw usage_error(e.what());
  }
}

int make_call(const Client& client, const settings& common, const call_line& line, const target& where,
              const argument_list& arguments) {
  PendingCall call = client[where.service][where.method].apply(arguments).idempotent(line.idempotent);
  if (line.stream) {
    if (common.timeout_given) call = std::move(call).within(common.timeout);
    return stream_items(std::move(call), common.output);
  }
  if (!line.save.empty()) {
    if (common.timeout_given) call = std::move(call).within(common.timeout);
    return save_result(std::move(call), line);
  }
  call = std::move(call).within(common.timeout);
  if (line.one_way) {
    start(client.where(), std::move(call).one_way()).get();
    return succeeded;
  }
  const value result = std::move(call).get<value>();
  if (result.kind() == value_kind::binary && colours_on(1)) {
    if (const std::size_t size = result.as<bytes>().size(); size > shown_bytes_max) {
      std::cout << size << " bytes; --save FILE keeps them, and | passes them on as JSON\n";
      return succeeded;
    }
  }
  show(result, common.output, true);
  return succeeded;
}

// What explain() cannot know: it sees the error alone, whose text is for who uses a library.
std::string hint_for(const Error& error, const Client& client, const settings& common, const call_line& line,
                     const target& where) {
  const bool refused = error.code() == errc::invalid_argument && error.where() != origin::local;
  const bool shown = common.output == output_format::for_people;
  if (!refused || !shown || common.dialect != broker_dialect::gate2) return {};
  try {
    const auto service = ask(client, common, "describe", where.service).as<service_lines>();
    for (const method_line& m : service.methods) {
      if (m.name == where.method) return stream_hint(m, line);
    }
  } catch (const std::exception&) {
    // Then the error says what it says.
  }
  return {};
}

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

}  // namespace

target parse_target(std::string_view text) {
  const std::size_t point = text.rfind('.');
  if (point == std::string_view::npos || point == 0 || point + 1 == text.size()) {
    throw usage_error("'" + std::string(text) + "' names no method: write SERVICE.METHOD, such as calculator.add");
  }
  return {std::string(text.substr(0, point)), std::string(text.substr(point + 1))};
}

argument_list gather(const std::vector<std::string>& arguments, const std::function<std::string()>& standard_input) {
  argument_list all;
  bool was_read = false;
  const auto read = [&](const std::string& text) {
    if (text != "-") return read_argument(text);
    if (std::exchange(was_read, true)) throw usage_error("standard input can be one argument only");
    std::string content = standard_input();
    return read_argument(content);
  };
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string_view name = std::string_view(argument).substr(0, equals);
    if (equals != std::string::npos && is_identifier(name)) {
      all.add_named(name, read(argument.substr(equals + 1)));
    } else if (all.has_named()) {
      throw usage_error("'" + argument + "' follows a NAME=VALUE: arguments without a name come first");
    } else {
      all.add(read(argument));
    }
  }
  return all;
}

std::string stream_hint(const method_line& method, const call_line& line) {
  if (method.client_stream) return "gate call cannot send a stream of items: write a client";
  if (method.kind != "stream" || line.stream) return {};
  return line.save.empty() ? "add --stream" : "--stream in place of --save";
}

int perform_call(const settings& common, const call_line& line) {
  const target where = parse_target(line.target);
  const argument_list arguments = arguments_of(line);
  const Client client = connect(common);
  try {
    return make_call(client, common, line, where, arguments);
  } catch (const Error& e) {
    return fail(e, where.service, common.output, hint_for(e, client, common, line, where));
  }
}

}  // namespace gate::cli

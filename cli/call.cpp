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

#include "cli/command.hpp"
#include "cli/terminal.hpp"

namespace gate::cli {
namespace {

constexpr const char* footer = R"(
Each ARGUMENT is JSON if it reads as JSON, and text otherwise: 5 is a number, '"5"' and five are text, [1,2] a list,
true a boolean. NAME=VALUE is the parameter of that name; to pass such text, quote it as JSON: '"a=b"'. One - stands for
what standard input holds. Bytes are written, and shown, as {"$bytes": "aGVsbG8="} (base64), times as
{"$timestamp": "2026-11-20T11:28:12Z"}, other extensions as {"$extension": [5, "AQI="]}, and numbers that are not
finite as {"$float": "nan"}.

The result is printed as JSON; with -o text (the default) text is printed without quotes, and nothing for null. With
--stream each item is printed as it comes, one a line; then --timeout, unless given, does not limit the whole, and
neither does it with --save, which writes bytes or text of any size to a file as they come. With --idempotent as well,
what breaks off goes on by itself.

Examples:
  gate call calculator.add 2 3
  gate call calculator.divide dividend=1 divisor=3
  gate call calculator.mean '[1, 2.5, -3]' -o json
  gate call log_search.find GPL --stream --timeout 1min
  gate call notes.store - < note.txt
  gate call cache.clear --one-way
  gate call file_server.download disk.img --save disk.img

--broker, --timeout and -o may stand anywhere; see gate --help, also for the exit codes.
)";

struct call_line {
  std::string target;
  std::vector<std::string> arguments;
  std::string save;
  bool stream = false, one_way = false, idempotent = false;
};

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

int make_call(const settings& common, const call_line& line, const target& where) {
  const argument_list arguments = gather(line.arguments, [] {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  });
  const Client client = connect(common);
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

int perform_call(const settings& common, const call_line& line) {
  const target where = parse_target(line.target);
  try {
    return make_call(common, line, where);
  } catch (const Error& e) {
    return fail(e, where.service);
  } catch (const json_error& e) {
    throw usage_error(e.what());
  }
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

void add_call(CLI::App& app, const settings& common, action& chosen) {
  CLI::App* const command = app.add_subcommand("call", "Calls a method");
  const auto line = std::make_shared<call_line>();
  command->add_option("method", line->target, "The method to call")->required()->type_name("SERVICE.METHOD");
  command->add_option("arguments", line->arguments, "What to call it with; see below")->type_name("ARGUMENT");
  command->add_flag("--stream", line->stream, "Print each item of a stream as it comes");
  auto* const one_way = command->add_flag("--one-way", line->one_way, "Send it, and do not wait for an outcome");
  one_way->excludes(command->get_option("--stream"));
  auto* const save =
      command->add_option("--save", line->save, "Write the result, bytes or text of any size, to a file");
  save->type_name("FILE")->excludes("--stream")->excludes(one_way);
  command->add_flag("--idempotent", line->idempotent, "It may run twice: send it again if a worker is lost under it");
  command->footer(footer);
  command->callback([&common, &chosen, line] {
    for (std::string& argument : line->arguments) argument = unmarked(argument);
    chosen = [&common, line] { return perform_call(common, *line); };
  });
}

}  // namespace gate::cli

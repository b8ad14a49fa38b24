// A client that tests kill, stop and continue. It reads one huge result as fast as it comes.
//
// usage: gate-test-client ENDPOINT SIZE [beside [FORM [items]]]
//   SIZE    of the result; `endless` for one without an end
//   beside  makes small calls meanwhile, one after the other, and writes WORST and the milliseconds that the slowest
//           took
//   FORM    the large traffic, SIZE bytes of it: huge (a huge result, the default), upload (huge arguments), parallel
//           (four huge results), arguments (of 900 kB, one call after the other), results (the same), four_results
//           (of four calls at once), items (of 300 kB, in a worker's stream), own_items (in the caller's stream),
//           four_arguments (of four calls at once), many_arguments (of 10 kB, many calls at once), many_results
//   items   one stream of small items to the worker and back, in place of the small calls; WORST is for the items
//
// Writes the line BEGUN at the first bytes and ENDED at the last. Exit status 0 if the bytes are right, 1 otherwise.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gate/async_generator.hpp>
#include <gate/client.hpp>
#include <gate/generator.hpp>
#include <gate/huge_data.hpp>
#include <gate/sleep.hpp>

#include "tests/support/huge_bytes.hpp"

namespace {

std::uint64_t number(std::string_view size) { return std::strtoull(size.data(), nullptr, 10); }

gate::HugeData ask(const gate::Service& test, std::string_view size) {
  if (size == "endless") return test["huge_endless"]().get<gate::HugeData>();
  return test["huge"](number(size)).get<gate::HugeData>();
}

constexpr std::uint64_t value_bytes = 900'000;
constexpr std::uint64_t item_bytes = 300'000;
constexpr std::uint64_t modest_bytes = 10'000;

bool read_all(const gate::Service& test, std::string_view size) {
  auto data = ask(test, size).blocking();
  gate::test::byte_check check;
  while (auto chunk = data.next()) {
    if (check.position() == 0) std::cout << "BEGUN" << std::endl;
    check.take(*chunk);
  }
  std::cout << "ENDED" << std::endl;
  return check.sound() && check.position() == data.total();
}

bool upload(const gate::Service& test, std::string_view size) {
  gate::huge_options options;
  options.total = number(size);
  auto data = gate::HugeData::from_chunks(gate::test::byte_pieces(number(size)), options);
  return test["take_huge"](std::move(data)).get<std::uint64_t>() == number(size);
}

// Runs `read` in four threads at once.
template <class Read> bool four(Read read) {
  std::atomic<int> sound = 0;
  std::vector<std::thread> readers;
  for (int n = 0; n < 4; ++n) {
    readers.emplace_back([&] {
      if (read()) ++sound;
    });
  }
  for (std::thread& reader : readers) reader.join();
  return sound == 4;
}

bool pass_arguments(const gate::Service& test, std::uint64_t size) {
  const std::string text = gate::test::bytes_at(0, value_bytes);
  for (std::uint64_t at = 0; at < size; at += value_bytes) {
    if (test["length_of"](text).get<std::uint64_t>() != text.size()) return false;
  }
  return true;
}

bool pass_results(const gate::Service& test, std::uint64_t size) {
  for (std::uint64_t at = 0; at < size; at += value_bytes) {
    if (test["text_of"](value_bytes).get<std::string>() != gate::test::bytes_at(0, value_bytes)) return false;
  }
  return true;
}

bool pass_many(const gate::Service& test, std::uint64_t size, bool results) {
  const std::string text = gate::test::bytes_at(0, modest_bytes);
  std::vector<std::future<std::uint64_t>> lengths;
  std::vector<std::future<std::string>> texts;
  for (std::uint64_t at = 0; at < size; at += modest_bytes) {
    if (results) {
      texts.push_back(test["text_of"](modest_bytes).future<std::string>());
    } else {
      lengths.push_back(test["length_of"](text).future<std::uint64_t>());
    }
  }
  bool sound = true;
  for (auto& each : lengths) sound = each.get() == modest_bytes && sound;
  for (auto& each : texts) sound = each.get() == text && sound;
  return sound;
}

bool read_items(const gate::Service& test, std::uint64_t size) {
  std::uint64_t read = 0;
  auto items = test["big_items"](size / item_bytes, item_bytes).stream<std::string>().blocking();
  for (const std::string& item : items) read += item.size();
  return read == size / item_bytes * item_bytes;
}

gate::generator<std::string> items_of(std::uint64_t size) {
  const std::string item(item_bytes, 'x');
  for (std::uint64_t at = 0; at < size; at += item_bytes) co_yield item;
}

bool send_items(const gate::Service& test, std::uint64_t size) {
  return test["total_length"](items_of(size)).get<std::uint64_t>() >= size;
}

bool pass(const gate::Service& test, std::string_view form, std::string_view size) {
  const std::uint64_t bytes = number(size);
  if (form == "huge") return read_all(test, size);
  if (form == "upload") return upload(test, size);
  if (form == "parallel") return four([&] { return read_all(test, size); });
  if (form == "arguments") return pass_arguments(test, bytes);
  if (form == "four_arguments") return four([&] { return pass_arguments(test, bytes); });
  if (form == "many_arguments" || form == "many_results") return pass_many(test, bytes, form == "many_results");
  if (form == "results") return pass_results(test, bytes);
  if (form == "four_results") return four([&] { return pass_results(test, bytes); });
  if (form == "items") return read_items(test, bytes);
  if (form == "own_items") return send_items(test, bytes);
  throw std::runtime_error("there is no such form");
}

using clock = std::chrono::steady_clock;

std::int64_t microseconds_of(clock::duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

// Sends the time every 20 ms, until `ended`.
gate::async_generator<std::int64_t> ticks(const std::atomic<bool>& ended) {
  while (!ended) {
    co_yield microseconds_of(clock::now().time_since_epoch());
    co_await gate::sleep_for(std::chrono::milliseconds(20));
  }
}

// The longest time in which an item travelled to the worker and back.
clock::duration worst_item(const gate::Service& test, const std::atomic<bool>& ended) {
  std::int64_t worst = 0;
  auto doubled = test["double_each"](ticks(ended)).stream<std::int64_t>().blocking();
  for (const std::int64_t item : doubled) {
    worst = std::max(worst, microseconds_of(clock::now().time_since_epoch()) - item / 2);
  }
  return std::chrono::microseconds(worst);
}

// The longest time of a call. One call is made every 20 ms.
clock::duration worst_call(const gate::Service& test, const std::atomic<bool>& ended) {
  clock::duration worst{};
  while (!ended) {
    const auto began = clock::now();
    const int sum = test["add"](1, 2).get<int>();
    if (sum != 3) throw std::runtime_error("1 and 2 are not " + std::to_string(sum));
    worst = std::max(worst, clock::now() - began);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return worst;
}

// Makes small calls, or sends small items, until the large traffic has ended.
bool pass_beside(const gate::Service& test, std::string_view form, std::string_view size, bool items) {
  if (test["add"](1, 2).get<int>() != 3) return false;  // the first call also waits for the connection
  std::atomic<bool> ended = false;
  bool sound = false;
  std::thread passing([&] {
    try {
      sound = pass(test, form, size);
    } catch (const std::exception& e) {
      std::cerr << "gate-test-client: " << e.what() << '\n';
    }
    ended = true;
  });
  const clock::duration worst = items ? worst_item(test, ended) : worst_call(test, ended);
  passing.join();
  std::cout << "WORST " << std::chrono::duration_cast<std::chrono::milliseconds>(worst).count() << std::endl;
  return sound;
}

}  // namespace

int main(int argc, char** argv) {
  const bool items = argc == 6 && argv[5] == std::string_view("items");
  const bool beside = (argc == 4 || argc == 5 || items) && argv[3] == std::string_view("beside");
  if (argc != 3 && !beside) {
    std::cerr << "usage: gate-test-client ENDPOINT SIZE [beside [FORM [items]]]\n";
    return 2;
  }
  try {
    gate::Client client{std::string(argv[1])};
    const auto test = client["test"];
    const bool sound =
        beside ? pass_beside(test, argc > 4 ? argv[4] : "huge", argv[2], items) : read_all(test, argv[2]);
    return sound ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& e) {
    std::cerr << "gate-test-client: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
}

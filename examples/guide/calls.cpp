// The calls of the user's guide (docs/guide.md), each with a broker and a worker in this process.
// Exit status 0 if each does what the guide says.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gate/client.hpp>
#include <gate/generator.hpp>
#include <gate/sleep.hpp>
#include <gate/task_group.hpp>
#include <gate/timeout.hpp>

#include "examples/guide/in_process.hpp"
#include "examples/guide/warehouse.hpp"

using namespace std::chrono_literals;

namespace {

// [call]
gate::task<void> first_calls(gate::Client client) {
  item bolts;
  bolts.sku = "bolt";
  bolts.count = 20;
  co_await client["warehouse"]["put"](bolts);
  const int count = co_await client["warehouse"]["count"]("bolt").as<int>();
  check(count == 20, "there are 20 bolts");
}
// [/call]

// [typed]
gate::task<void> typed_call(gate::Client client) {
  auto take = client["warehouse"].method<int(std::string, int)>("take");
  const int left = co_await take("bolt", 3);
  check(left == 17, "17 are left");
  // take("bolt") and take(3, "bolt") do not compile
}
// [/typed]

// [named]
gate::task<void> named_arguments(gate::Client client) {
  auto sku = gate::named("sku", "bolt");
  auto count = gate::named("count", 1);
  const int left = co_await client["warehouse"]["take"](count, sku).as<int>();
  check(left == 16, "16 are left");
}
// [/named]

// [overloads]
gate::task<void> overloads(gate::Client client) {
  auto by_sku = client["warehouse"]["find_sku"]("bolt").as<std::optional<item>>();
  const std::optional<item> bolts = co_await std::move(by_sku);
  check(bolts && bolts->count == 16, "the bolts are found");
  auto by_count = client["warehouse"]["find_fewer"](10).as<std::vector<item>>();
  const std::vector<item> few = co_await std::move(by_count);
  check(few.empty(), "there are more than 10 bolts");
}
// [/overloads]

// [any]
gate::task<void> result_of_any_type(gate::Client client) {
  const gate::Reply reply = co_await client["warehouse"]["find_sku"]("bolt");
  const gate::value found = reply.value();
  check(found.find("count").has_value(), "it is a map with this key");
  check(reply.service_time() < 1min, "the reply says how long the worker took");
}
// [/any]

// [any_arguments]
gate::task<void> any_arguments(gate::Client client) {
  auto count = gate::named("count", 3);
  const gate::value screws = co_await client["warehouse"]["set"]("screw", "blue", "M5", count).as<gate::value>();
  check(screws["tags"][1].as<std::string>() == "M5", "a map with two tags");

  gate::argument_list list;  // if their number is known only at run time
  list.add("screw");
  for (const std::string tag : {"long", "steel"}) list.add(tag);
  list.add_named("count", "three");
  try {
    co_await client["warehouse"]["set"].apply(list);
  } catch (const gate::Error& e) {
    check(std::string(e.what()) == "warehouse.set(string, *args, **kwargs): argument 'count' must be int32, got string",
          "the argument is named");
  }
}
// [/any_arguments]

// [errors]
gate::task<void> errors(gate::Client client) {
  try {
    co_await client["warehouse"]["take"]("nut", 1);
    check(false, "there are no nuts");
  } catch (const gate::Error& e) {
    check(e.code() == gate::errc::failed, "the method threw");
    check(e.where() == gate::origin::worker, "the worker says so, not the broker");
    check(e.remote_type() == "std::out_of_range", "it threw this type");
    check(std::string(e.what()) == "there is no nut", "it threw this text");
  }
  try {
    co_await client["warehouse"]["cuont"]("bolt");
    check(false, "there is no such method");
  } catch (const gate::Error& e) {
    check(e.code() == gate::errc::no_method, "a misspelt method is told at once");
    check(e.retry() == gate::retry_class::never, "and will be missing the next time too");
  }
}
// [/errors]

// [deadlines]
gate::task<void> deadlines(gate::Client client) {
  try {
    co_await client["warehouse"]["recount"]().within(20ms);
    check(false, "it takes a quarter of an hour");
  } catch (const gate::Error& e) {
    check(e.code() == gate::errc::timed_out, "20 ms were over");
  }
}
// [/deadlines]

// [retries]
// Asks until there is a count. Retries only errors that say "safe", at most 5 times, after growing pauses.
gate::task<int> count_with_retries(gate::Client client, std::string sku) {
  std::chrono::milliseconds pause = 5ms;
  for (int attempt = 1;; ++attempt) {
    try {
      co_return co_await client["warehouse"]["count"](sku).as<int>();
    } catch (const gate::Error& e) {
      if (e.retry() != gate::retry_class::safe || attempt == 5) throw;
    }
    co_await gate::sleep_for(pause);
    pause *= 2;
  }
}
// [/retries]

gate::task<void> retries(gate::Client client, Warehouse& worker) {
  worker.refuse(2);
  const int count = co_await count_with_retries(client, "bolt");
  check(count == 16, "the third attempt was answered");
  worker.refuse(9);
  try {
    co_await count_with_retries(client, "bolt");
    check(false, "five attempts are refused");
  } catch (const gate::Error& e) {
    check(e.code() == gate::errc::busy, "and the last refusal is told");
  }
  worker.refuse(0);
}

// [idempotent]
gate::task<void> safe_to_run_twice(gate::Client client) {
  const int count = co_await client["warehouse"]["count"]("bolt").within(2s).idempotent().as<int>();
  check(count == 16, "a lost worker or connection would not have been seen here");
}
// [/idempotent]

// [gather]
gate::task<void> count_one(gate::Client client, std::string sku, int& into) {
  into = co_await client["warehouse"]["count"](sku).as<int>();
}

// Asks all at once. The results are in the order of the questions.
gate::task<std::vector<int>> count_all(gate::Client client, std::vector<std::string> skus) {
  std::vector<int> counts(skus.size());  // before the group: it outlives the children, which write to it
  const gate::env here = co_await gate::current_env();
  gate::task_group group(here);
  for (std::size_t i = 0; i < skus.size(); ++i) group.spawn(count_one(client, skus[i], counts[i]));
  co_await group.join();
  co_return counts;
}
// [/gather]

// [gather_some]
struct answer {
  std::optional<int> count;
  std::string error;
};

// One failure does not end the others: each child keeps its own.
gate::task<void> try_one(gate::Client client, std::string sku, answer& into) {
  try {
    const int left = co_await client["warehouse"]["take"](sku, 1).as<int>();
    into.count = left;
  } catch (const gate::Error& e) {
    into.error = e.what();
  }
}
// [/gather_some]

// [gather_bounded]
// Each child asks the next question as soon as it has an answer to its last one.
gate::task<void> count_in_turn(gate::Client client, const std::vector<std::string>& skus, std::size_t& next,
                               std::vector<int>& counts) {
  while (next < skus.size()) {
    const std::size_t mine = next++;
    counts[mine] = co_await client["warehouse"]["count"](skus[mine]).as<int>();
  }
}

// Any number of questions, and never more than 8 calls at once.
gate::task<std::vector<int>> count_very_many(gate::Client client, std::vector<std::string> skus) {
  std::vector<int> counts(skus.size());
  std::size_t next = 0;
  const gate::env here = co_await gate::current_env();
  gate::task_group group(here);
  for (int child = 0; child < 8; ++child) group.spawn(count_in_turn(client, skus, next, counts));
  co_await group.join();
  co_return counts;
}
// [/gather_bounded]

gate::task<void> gathering(gate::Client client) {
  std::vector<std::string> skus(100, "bolt");
  skus.push_back("nut");
  const std::vector<int> counts = co_await count_all(client, skus);
  check(counts.size() == 101 && counts[0] == 16 && counts[100] == 0, "each has its count");
  const std::vector<int> again = co_await count_very_many(client, skus);
  check(again == counts, "eight at a time count the same");

  answer bolt, nut;
  const gate::env here = co_await gate::current_env();
  gate::task_group group(here);
  group.spawn(try_one(client, "bolt", bolt));
  group.spawn(try_one(client, "nut", nut));
  co_await group.join();
  check(bolt.count == 15 && nut.error == "there is no nut", "one answer and one error");
}

// [cancel]
gate::task<void> wait_for_recount(gate::Client client) { co_await client["warehouse"]["recount"](); }

gate::task<void> cancelling(gate::Client client) {
  const gate::env here = co_await gate::current_env();
  gate::task_group group(here);
  group.spawn(wait_for_recount(client));
  co_await gate::sleep_for(20ms);  // somebody presses "stop" now
  group.cancel();
  co_await group.join();  // does not throw: the group was asked to end
}
// [/cancel]

// [with_timeout]
// Several calls that share a limit of 20 ms.
gate::task<void> both_in_time(gate::Client client) {
  try {
    auto work = wait_for_recount(client);
    co_await gate::with_timeout(20ms, std::move(work));
    check(false, "it takes longer");
  } catch (const gate::timed_out&) {
    // the call was cancelled, at the worker too
  }
}
// [/with_timeout]

// [stream]
gate::task<void> read_stream(gate::Client client) {
  int items = 0;
  auto all = client["warehouse"]["all"]().stream<item>();
  while (auto next = co_await all.next()) items += next->count;
  check(items == 15, "all items are counted");
}
// [/stream]

// [leave]
gate::task<void> leave_early(gate::Client client) {
  auto all = client["warehouse"]["all"]().window(10, 65536).stream<item>();
  auto first = co_await all.next();
  check(first.has_value(), "there is an item");
}  // `all` ends here: the call is cancelled, and the worker makes no further items
// [/leave]

// [upload]
gate::generator<item> deliveries(int number) {
  for (int i = 0; i < number; ++i) {
    item next;
    next.sku = "nut-" + std::to_string(i);
    next.count = 1;
    co_yield next;
  }
}

gate::task<void> send_stream(gate::Client client) {
  auto items = deliveries(1000);
  const int loaded = co_await client["warehouse"]["load"](std::move(items)).as<int>();
  check(loaded == 1000, "all have arrived");
}
// [/upload]

// [both]
gate::async_generator<int> changes() {
  for (int change = 1; change <= 3; ++change) {
    co_await gate::sleep_for(1ms);  // an async_generator may wait for something
    co_yield change;
  }
}

gate::task<void> streams_both_ways(gate::Client client) {
  auto sent = changes();
  auto sums = client["warehouse"]["balance"](std::move(sent)).stream<int>();
  int last = 0;
  while (auto sum = co_await sums.next()) last = *sum;
  check(last == 6, "1 + 2 + 3");
}
// [/both]

// [huge]
gate::task<void> transfers(gate::Client client, std::filesystem::path folder) {
  // In pieces.
  gate::HugeData dump = co_await client["warehouse"]["dump"]().huge();
  std::ptrdiff_t lines = 0;
  while (auto chunk = co_await dump.next()) lines += std::count(chunk->begin(), chunk->end(), '\n');
  check(lines == 1001, "a line for each item");

  // As a value, if it fits into memory: up to 256 MiB.
  const gate::bytes all = co_await client["warehouse"]["dump"]().as<gate::bytes>();

  // Into a file. A broken transfer is tried again.
  const std::filesystem::path file = folder / "dump.csv";
  const std::uint64_t bytes = co_await client["warehouse"]["dump"]().download(file);
  check(bytes == all.size(), "the file holds all of it");

  // To the worker.
  auto upload = gate::HugeData::from_file(file);
  const std::size_t stored = co_await client["warehouse"]["store"](std::move(upload)).as<std::size_t>();
  check(stored == bytes, "the worker has read all of it");
}
// [/huge]

// [metadata]
gate::task<void> metadata(gate::Client client) {
  const gate::Reply reply = co_await client["warehouse"]["tenant"]().with_metadata("tenant", "north");
  check(reply.as<std::string>() == "north", "the method has read it");
  check(reply.metadata("shelves") == "1001", "and has sent something along with its result");
}
// [/metadata]

// [forms]
gate::task<std::string> four_forms(gate::Client client) {
  co_await client.ready();  // co_await x;
  auto all = client["warehouse"]["all"]().stream<item>();
  while (auto next = co_await all.next()) {  // while (auto v = co_await x), if (auto v = co_await x; condition)
    check(!next->sku.empty(), "each has a name");
  }
  item nuts;  // a value in braces, or a lambda, in an awaited expression: name it on an earlier line
  nuts.sku = "nut";
  const gate::Reply reply = co_await client["warehouse"]["put"](nuts);  // auto v = co_await x;
  check(reply.value().is_nil(), "put returns nothing");
  co_return co_await client["warehouse"]["tenant"]().as<std::string>();  // co_return co_await x;
}
// [/forms]

// [options]
// The address, and all options that differ from their defaults.
gate::Client client_with_options(gate::loop& loop, std::string address) {
  gate::client_options options(std::move(address));  // the field `endpoint`
  options.name = "billing-7";                        // what operators see
  options.default_budget = 30s;                      // for each call without within()
  return gate::Client(loop, options);
}
// [/options]

// [login]
// `file` holds a user name and a password, or a key: docs/security.md.
gate::Client client_that_logs_in(gate::loop& loop, std::string address, const std::string& file) {
  gate::client_options options(std::move(address));
  options.credentials = gate::credentials::from_file(file);
  return gate::Client(loop, options);
}
// [/login]

// [one_way]
gate::task<void> without_an_answer(gate::Client client) {
  item washers;
  washers.sku = "washer";
  co_await client["warehouse"]["put"](washers).one_way();
}
// [/one_way]

// Calls with clients of their own, on the same loop.
gate::task<void> with_options(const std::filesystem::path& folder) {
  gate::loop& loop = co_await gate::this_loop();
  const std::filesystem::path file = folder / "alice.toml";
  {
    std::ofstream out(file);
    out << "user = \"alice\"\npassword = \"over inproc nobody asks\"\n";
  }
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  gate::Client named = client_with_options(loop, "inproc://warehouse");
  gate::Client alice = client_that_logs_in(loop, "inproc://warehouse", file);
  co_await named["warehouse"]["count"]("bolt");
  co_await alice["warehouse"]["count"]("bolt");
}

class scratch_folder {
 public:
  scratch_folder() {
    std::string name = std::filesystem::temp_directory_path() / "gate-guide-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for temporary files");
    path_ = name;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

gate::task<void> all(gate::Client client, Warehouse& worker, std::filesystem::path folder) {
  co_await first_calls(client);
  co_await typed_call(client);
  co_await named_arguments(client);
  co_await overloads(client);
  co_await result_of_any_type(client);
  co_await errors(client);
  co_await deadlines(client);
  co_await retries(client, worker);
  co_await safe_to_run_twice(client);
  co_await gathering(client);
  co_await cancelling(client);
  co_await both_in_time(client);
  co_await read_stream(client);
  co_await leave_early(client);
  co_await send_stream(client);
  co_await streams_both_ways(client);
  co_await transfers(client, folder);
  co_await metadata(client);
  const std::string nobody = co_await four_forms(client);
  check(nobody == "nobody", "without metadata there is no tenant");
  co_await without_an_answer(client);
  co_await any_arguments(client);
  co_await with_options(folder);
  while (worker.recounts_given_up < 3) co_await gate::sleep_for(1ms);
}

}  // namespace

int main() {
  try {
    const scratch_folder folder;
    gate::loop loop;
    Warehouse worker;
    gate::Client client(loop, "inproc://warehouse");
    loop.run(run_beside(loop, worker, "inproc://warehouse", all(client, worker, folder.path())));
    std::cout << "all of the guide's calls did what it says\n";
  } catch (const std::exception& e) {
    std::cerr << "guide-calls: " << e.what() << '\n';
    return 1;
  }
}

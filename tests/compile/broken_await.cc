// Awaits that g++ before 13 would compile into a program that frees memory twice: refused there, and nowhere else.
// check.py compiles one FAULT at a time. The forms, and which of them break, were found by compiling and running them.
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <gate/bounded_map.hpp>
#include <gate/client.hpp>
#include <gate/thread_pool.hpp>

struct order {
  std::string sku;
  int n = 0;
  bool operator==(const order&) const = default;
  MSGPACK_DEFINE_MAP(sku, n)
};
struct basket {
  order first;
  int n = 0;
  MSGPACK_DEFINE_MAP(first, n)
};
struct derived : order {
  int more = 0;
  MSGPACK_DEFINE_MAP(MSGPACK_BASE_MAP(order), more)
};
struct owner {
  owner() = default;
  explicit owner(std::string s) : sku(std::move(s)) {}
  std::string sku;
  MSGPACK_DEFINE_MAP(sku)
};
struct holds_owner {
  owner o;
  MSGPACK_DEFINE_MAP(o)
};
template <> struct std::hash<order> {
  std::size_t operator()(const order& o) const noexcept { return std::hash<std::string>()(o.sku); }
};
inline order make() { return {"b2", 5}; }

gate::task<void> awaits(gate::Client& client, gate::thread_pool& pool, gate::bounded_map<order, int>& map) {
  const gate::Method put = client["inventory"]["put"];
  const auto typed = client["inventory"].method<int(order)>("put");
  const auto by_const = client["inventory"].method<int(const order&, int)>("put");
  const auto maybe = client["inventory"].method<int(std::optional<order>)>("put");
  const std::string text = "b2";
  [[maybe_unused]] bool condition = text.empty();
  order item{"b2", 5};
#if FAULT == F_BRACES  // g++ before 13 destroys this argument twice
  co_await put(order{"b2", 5});
#elif FAULT == F_DESIGNATED  // g++ before 13 destroys this argument twice
  co_await put(order{.sku = "b2", .n = 5});
#elif FAULT == F_BRACES_FROM_NAME  // g++ before 13 destroys this argument twice
  co_await put(order{text, 5});
#elif FAULT == F_EMPTY_BRACES  // g++ before 13 destroys this argument twice
  co_await put(order{});
#elif FAULT == F_PARENTHESES  // g++ before 13 destroys this argument twice
  co_await put(order("b2", 5));
#elif FAULT == F_ARRAY  // g++ before 13 destroys this argument twice
  co_await put(std::array<std::string, 2>{"a", "b"});
#elif FAULT == F_OPTIONAL  // g++ before 13 destroys this argument twice
  co_await put(std::optional<order>(order{"b2", 5}));
#elif FAULT == F_VARIANT  // g++ before 13 destroys this argument twice
  co_await put(std::variant<order, int>(order{"b2", 5}));
#elif FAULT == F_PAIR  // g++ before 13 destroys this argument twice
  co_await put(std::make_pair(order{"b2", 5}, 1));
#elif FAULT == F_VECTOR  // g++ before 13 destroys this argument twice
  co_await put(std::vector<order>(2, order{"b2", 5}));
#elif FAULT == F_POINTER  // g++ before 13 destroys this argument twice
  co_await put(std::make_shared<order>(order{"b2", 5}));
#elif FAULT == F_NESTED  // g++ before 13 destroys this argument twice
  co_await put(basket{order{"b2", 5}, 2});
#elif FAULT == F_INNER_BRACES  // g++ before 13 destroys this argument twice
  co_await put(basket{{"b2", 5}, 2});
#elif FAULT == F_BASE  // g++ before 13 destroys this argument twice
  co_await put(derived{{"b2", 5}, 2});
#elif FAULT == F_MEMBER_IN_PLACE  // g++ before 13 destroys this argument twice
  co_await put(holds_owner{owner("b2")});
#elif FAULT == F_CONDITIONAL  // g++ before 13 destroys this argument twice
  co_await put(condition ? order{"b2", 5} : order{"b3", 6});
#elif FAULT == F_LAMBDA_RESULT  // g++ before 13 destroys this argument twice
  co_await put([] { return order{"b2", 5}; }());
#elif FAULT == F_SECOND_ARGUMENT  // g++ before 13 destroys this argument twice
  co_await put(1, text, order{"b2", 5});
#elif FAULT == F_NAMED_ARGUMENT  // g++ before 13 destroys this argument twice
  co_await put(gate::named("item", order{"b2", 5}));
#elif FAULT == F_AS  // g++ before 13 destroys this argument twice
  co_await put(order{"b2", 5}).as<int>();
#elif FAULT == F_WITHIN  // g++ before 13 destroys this argument twice
  co_await put(order{"b2", 5}).within(std::chrono::seconds(1)).idempotent().as<int>();
#elif FAULT == F_REPLY  // g++ before 13 destroys this argument twice
  co_await put(order{"b2", 5}).with_metadata("a", "b").reply();
#elif FAULT == F_HUGE_RESULT  // g++ before 13 destroys this argument twice
  const gate::HugeData data = co_await put(order{"b2", 5}).huge();
#elif FAULT == F_DOWNLOAD  // g++ before 13 destroys this argument twice
  co_await put(order{"b2", 5}).download("file");
#elif FAULT == F_ONE_WAY  // g++ before 13 destroys this argument twice
  co_await put(order{"b2", 5}).one_way();
#elif FAULT == F_MOVED  // g++ before 13 destroys this argument twice
  co_await put(std::move(item));
#elif FAULT == F_FUNCTION_RESULT  // g++ before 13 destroys this argument twice
  co_await put(make());
#elif FAULT == F_TYPED_BRACES  // g++ before 13 destroys this argument twice
  co_await typed({"b2", 5});
#elif FAULT == F_TYPED_ONE_BRACE  // g++ before 13 destroys this argument twice
  co_await typed({"b2"});
#elif FAULT == F_TYPED_EMPTY_BRACES  // g++ before 13 destroys this argument twice
  co_await typed({});
#elif FAULT == F_TYPED_TEMPORARY  // g++ before 13 destroys this argument twice
  co_await typed(order{"b2", 5});
#elif FAULT == F_TYPED_CONST  // g++ before 13 destroys this argument twice
  co_await by_const({"b2", 5}, 1);
#elif FAULT == F_TYPED_OPTIONAL  // g++ before 13 destroys this argument twice
  co_await maybe(order{"b2", 5});
#elif FAULT == F_TYPED_CALL  // g++ before 13 destroys this argument twice
  co_await typed.call(order{"b2", 5}).within(std::chrono::seconds(1));
#elif FAULT == F_POOL_LAMBDA  // g++ before 13 destroys what a lambda has captured twice
  co_await pool.run([item] { return item.n; });
#elif FAULT == F_PROGRESS_LAMBDA  // g++ before 13 destroys what a lambda has captured twice
  co_await put(1).download("file", {}, [item](const gate::huge_progress&) {});
#elif FAULT == F_TO_FILE_LAMBDA  // g++ before 13 destroys what a lambda has captured twice
  gate::HugeData data = co_await put(1).huge();
  co_await data.to_file("file", [item](const gate::huge_progress&) {});
#elif FAULT == F_BOUNDED_MAP  // g++ before 13 destroys this argument twice
  auto slot = co_await map.reserve(order{"b2", 5});
#elif FAULT == F_BOUNDED_MAP_BRACES  // g++ before 13 destroys this argument twice
  auto slot = co_await map.reserve({"b2", 5});
#endif
  co_return;
}
gate::generator<order> yields() {
#if FAULT == F_YIELD  // g++ before 13 destroys this item twice
  co_yield order{"b2", 5};
#elif FAULT == F_YIELD_BRACES  // g++ before 13 destroys this item twice
  co_yield {"b2", 5};
#endif
  co_return;
}
gate::async_generator<std::optional<order>> yields_asynchronously() {
#if FAULT == F_ASYNC_YIELD  // g++ before 13 destroys this item twice
  co_yield std::optional<order>(order{"b2", 5});
#endif
  co_return;
}


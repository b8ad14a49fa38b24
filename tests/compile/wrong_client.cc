// Wrong callers. The compiler must refuse each with one of this library's messages first. check.py compiles one FAULT
// at a time.
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gate/client.hpp>

struct plain {
  int a = 0;
  std::string b;
};
struct good {
  int a = 0;
  MSGPACK_DEFINE_MAP(a)
};

gate::task<void> call(gate::Client& client) {
  gate::Method method = client["inventory"]["put"];
  const plain unfit;
  const good fit;
#if FAULT == F_NONE
  co_await method(fit, "text", std::vector<good>());
  const auto got = co_await method(1).as<std::map<std::string, good>>();
  auto items = method(got).stream<good>();
  const auto typed = client["inventory"].method<int(int, good)>("put");
  co_await typed(1, fit);
  gate::argument_list list;
  list.add(fit);
  co_await method.apply(list);
  co_await client.method("put")(fit);
  const auto of_default = client.method<int(int)>("put");
  co_await of_default(1);
#elif FAULT == F_ARGUMENT_STRUCT  // this argument cannot travel
  co_await method(unfit);
#elif FAULT == F_ARGUMENT_IN_VECTOR  // this argument cannot travel
  const std::vector<plain> list;
  co_await method(list);
#elif FAULT == F_ARGUMENT_IN_OPTIONAL  // this argument cannot travel
  const std::optional<plain> maybe;
  co_await method(maybe).as<int>();
#elif FAULT == F_ARGUMENT_POINTER  // this argument cannot travel
  const int number = 1;
  co_await method(&number);
#elif FAULT == F_ARGUMENT_FUNCTION  // this argument cannot travel
  const std::function<int()> f;
  co_await method(f);
#elif FAULT == F_ARGUMENT_LAMBDA  // this argument cannot travel
  const auto f = [] { return 1; };
  co_await method(f);
#elif FAULT == F_ARGUMENT_STEADY_TIME  // this argument cannot travel
  const auto now = std::chrono::steady_clock::now();
  co_await method(now);
#elif FAULT == F_NAMED_STRUCT  // this argument cannot travel
  co_await method(gate::named("item", unfit));
#elif FAULT == F_CALL_BY_NAME  // a call is awaited once: co_await std::move(call)
  auto by_name = method(1);
  co_await by_name;
#elif FAULT == F_CALL_BY_NAME_FOR_ITS_REPLY  // a call is awaited once: co_await std::move(call)
  gate::PendingCall by_name = method(1).within(std::chrono::seconds(1));
  const gate::Reply reply = co_await by_name;
#elif FAULT == F_ARGUMENT_LIST  // method.apply(list)
  const gate::argument_list list;
  co_await method(list);
#elif FAULT == F_HUGE_OF_LIST  // a HugeData is a parameter of its own
  const gate::argument_list list;
  const gate::HugeData data = list[0].as<gate::HugeData>();
#elif FAULT == F_RESULT_STRUCT  // this type cannot travel
  const auto got = co_await method(1).as<plain>();
#elif FAULT == F_RESULT_POINTER  // this type cannot travel
  const auto got = co_await method(1).as<const char*>();
#elif FAULT == F_RESULT_IN_MAP  // this type cannot travel
  const auto got = co_await method(1).as<std::map<std::string, plain>>();
#elif FAULT == F_RESULT_UNIQUE  // this type cannot travel
  const auto got = co_await method(1).as<std::unique_ptr<plain>>();
#elif FAULT == F_RESULT_GET  // this type cannot travel
  const auto got = method(1).get<plain>();
#elif FAULT == F_STREAM_STRUCT  // this type cannot travel
  auto items = method(1).stream<plain>();
  while (auto item = co_await items.next()) static_cast<void>(item);
#elif FAULT == F_STREAM_POINTER  // this type cannot travel
  auto items = method(1).stream<int*>();
  while (auto item = co_await items.next()) static_cast<void>(item);
#elif FAULT == F_TYPED_TOO_FEW  // has as many arguments as its signature
  const auto typed = client["inventory"].method<int(int, int)>("put");
  co_await typed(1);
#elif FAULT == F_TYPED_TOO_MANY  // has as many arguments as its signature
  const auto typed = client["inventory"].method<int(int, int)>("put");
  co_await typed(1, 2, 3);
#elif FAULT == F_TYPED_CALL_TOO_MANY  // has as many arguments as its signature
  const auto typed = client["inventory"].method<int(int)>("put");
  co_await typed.call(1, 2);
#elif FAULT == F_TYPED_OTHER_TYPE  // does not convert to the type
  const auto typed = client["inventory"].method<int(int, int)>("put");
  const std::string text;
  co_await typed(1, text);
#elif FAULT == F_TYPED_RESULT_STRUCT  // this type cannot travel
  const auto typed = client["inventory"].method<plain(int)>("put");
  co_await typed(1);
#elif FAULT == F_TYPED_WITHOUT_SIGNATURE  // takes a signature
  const auto typed = client["inventory"].method<int>("put");
#elif FAULT == F_HUGE_BY_NAME  // a HugeData is given away
  gate::HugeData data = gate::HugeData::from_memory(std::string("a"));
  co_await method(data);
#elif FAULT == F_VALUE_OF_STRUCT  // this value cannot travel
  const gate::value v = gate::value::of(unfit);
#endif
  static_cast<void>(unfit);
  static_cast<void>(fit);
  co_return;
}

// Wrong workers. The compiler must refuse each with one of this library's messages first. check.py compiles one FAULT
// at a time.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gate/run_worker.hpp>
#include <gate/worker.hpp>

struct plain {
  int a = 0;
  std::string b;
};
#if FAULT == F_STRUCT_IN_STRUCT
struct holder {
  plain inner;
  MSGPACK_DEFINE_MAP(inner)
};
#elif FAULT == F_POINTER_IN_STRUCT
struct points_on {
  int* next = nullptr;
  MSGPACK_DEFINE_MAP(next)
};
#endif

#if FAULT == F_NO_BASE
class Calculator {
#else
class Calculator : public gate::Worker {
#endif
 public:
#if FAULT == F_NONE
  GATE_INTERFACE(add, divide, late_list, list_alone, list_and_stream, list_and_call)
  GATE_DOC(add, "adds", a, b)
  GATE_DOC(late_list, "takes all", a, others)
#elif FAULT == F_TYPO  // no method 'divde'
  GATE_INTERFACE(add, divde)
#elif FAULT == F_OVERLOAD  // no method 'scale'
  GATE_INTERFACE(add, scale)
#elif FAULT == F_TEMPLATE  // no method 'made'
  GATE_INTERFACE(add, made)
#elif FAULT == F_TWICE  // stands there twice
  GATE_INTERFACE(add, add)
#elif FAULT == F_TWICE_IN_TWO_LINES  // u8add_gate_lists_once
  GATE_INTERFACE(add)
  GATE_INTERFACE(add)
#elif FAULT == F_QUOTED  // GATE_INTERFACE("add"): write GATE_INTERFACE(add, divide)
  GATE_INTERFACE("add")
#elif FAULT == F_TWO_QUOTED  // GATE_INTERFACE("add", "divide"): write GATE_INTERFACE(add, divide)
  GATE_INTERFACE("add", "divide")
#elif FAULT == F_ONE_QUOTED  // GATE_INTERFACE(add, "divide"): write GATE_INTERFACE(add, divide)
  GATE_INTERFACE(add, "divide")
#elif FAULT == F_NO_COMMA  // GATE_INTERFACE(add divide): write GATE_INTERFACE(add, divide)
  GATE_INTERFACE(add divide)
#elif FAULT == F_COMMA_AT_END  // write GATE_INTERFACE(add, divide): names of methods
  GATE_INTERFACE(add, divide, )
#elif FAULT == F_TWO_COMMAS  // write GATE_INTERFACE(add, divide): names of methods
  GATE_INTERFACE(add, , divide)
#elif FAULT == F_POINT  // GATE_INTERFACE(add.divide): write GATE_INTERFACE(add, divide)
  GATE_INTERFACE(add.divide)
#elif FAULT == F_WITH_CLASS  // GATE_INTERFACE(Calculator::add): write GATE_INTERFACE(add, divide)
  GATE_INTERFACE(Calculator::add)
#elif FAULT == F_WITH_RESULT  // GATE_INTERFACE(int add): write GATE_INTERFACE(add, divide)
  GATE_INTERFACE(int add)
#elif FAULT == F_ON_QUOTED  // GATE_INTERFACE("add"): write GATE_INTERFACE(add, divide)
  GATE_INTERFACE_ON(gate::run_on::loop, "add")
#elif FAULT == F_AS_QUOTED  // GATE_INTERFACE_AS("total", "add", ...): write GATE_INTERFACE_AS("scale_int", scale, int(int))
  GATE_INTERFACE_AS("total", "add", int(int, int) const)
#elif FAULT == F_DOC_QUOTED  // GATE_DOC("add", ...): write GATE_DOC(add, "adds two numbers", a, b)
  GATE_INTERFACE(add)
  GATE_DOC("add", "adds", a, b)
#elif FAULT == F_DOC_QUOTED_NAMES  // write GATE_DOC(add, "adds two numbers", a, b): the names of method and
  GATE_INTERFACE(add)
  GATE_DOC(add, "adds", "a", "b")
#elif FAULT == F_DOC_NO_COMMA  // write GATE_DOC(add, "adds two numbers", a, b): the names of method and
  GATE_INTERFACE(add)
  GATE_DOC(add, "adds", a b)
#elif FAULT == F_EMPTY_LIST  // or none does
  GATE_INTERFACE()
#elif FAULT == F_NO_BASE  // derives from no gate::Worker
  GATE_INTERFACE(add)
#elif FAULT == F_VARIABLE  // 'value' is no member function
  GATE_INTERFACE(add, value)
#elif FAULT == F_STATIC  // 'fixed' is no member function
  GATE_INTERFACE(add, fixed)
#elif FAULT == F_RVALUE_QUALIFIED  // 'moved' is no member function
  GATE_INTERFACE(add, moved)
#elif FAULT == F_POINTER  // a parameter of 'pointer' cannot travel
  GATE_INTERFACE(add, pointer)
#elif FAULT == F_CHAR_POINTER  // a parameter of 'chars' cannot travel
  GATE_INTERFACE(add, chars)
#elif FAULT == F_STRUCT  // a parameter of 'structured' cannot travel
  GATE_INTERFACE(add, structured)
#elif FAULT == F_STRUCT_IN_VECTOR  // a parameter of 'in_vector' cannot travel
  GATE_INTERFACE(add, in_vector)
#elif FAULT == F_STRUCT_IN_MAP  // a parameter of 'in_map' cannot travel
  GATE_INTERFACE(add, in_map)
#elif FAULT == F_STRUCT_IN_OPTIONAL  // a parameter of 'in_optional' cannot travel
  GATE_INTERFACE(add, in_optional)
#elif FAULT == F_STRUCT_IN_STRUCT  // a field of this struct cannot travel
  GATE_INTERFACE(in_struct)
  int in_struct(holder h) { return h.inner.a; }
#elif FAULT == F_POINTER_IN_STRUCT  // a field of this struct cannot travel
  GATE_INTERFACE(pointer_in_struct)
  int pointer_in_struct(points_on p) { return *p.next; }
#elif FAULT == F_FUNCTION  // a parameter of 'function' cannot travel
  GATE_INTERFACE(add, function)
#elif FAULT == F_STEADY_TIME  // a parameter of 'steady' cannot travel
  GATE_INTERFACE(add, steady)
#elif FAULT == F_REFERENCE  // a reference that is not const
  GATE_INTERFACE(add, reference)
#elif FAULT == F_VIEW  // 'view' takes a std::string_view
  GATE_INTERFACE(add, view)
#elif FAULT == F_LATE_CALL  // 'late_call' takes the gate::Call& as its first parameter
  GATE_INTERFACE(add, late_call)
#elif FAULT == F_CONST_CALL  // 'const_call' takes the gate::Call& as its first parameter
  GATE_INTERFACE(add, const_call)
#elif FAULT == F_EARLY_STREAM  // as its last parameter only
  GATE_INTERFACE(add, early_stream)
#elif FAULT == F_STREAM_OF_STRUCT  // a parameter of 'stream_of_struct' cannot travel
  GATE_INTERFACE(add, stream_of_struct)
#elif FAULT == F_PLAIN_STREAM  // whose items it awaits
  GATE_INTERFACE(add, plain_stream)
#elif FAULT == F_TWO_HUGE  // takes one gate::HugeData by value
  GATE_INTERFACE(add, two_huge)
#elif FAULT == F_TWO_LISTS  // 'two_lists' takes one gate::argument_list
  GATE_INTERFACE(add, two_lists)
#elif FAULT == F_EARLY_LIST  // 'early_list' takes the gate::argument_list, all other arguments, as its last parameter
  GATE_INTERFACE(add, early_list)
#elif FAULT == F_LIST_BEFORE_HUGE  // 'list_before_huge' takes the gate::argument_list, all other arguments, as its last
  GATE_INTERFACE(add, list_before_huge)
#elif FAULT == F_LIST_BEHIND_STREAM  // as its last parameter only
  GATE_INTERFACE(add, list_behind_stream)
#elif FAULT == F_LIST_BY_REFERENCE  // a reference that is not const
  GATE_INTERFACE(add, list_by_reference)
#elif FAULT == F_LIST_IN_VECTOR  // a parameter of 'list_in_vector' cannot travel
  GATE_INTERFACE(add, list_in_vector)
#elif FAULT == F_LIST_IN_OPTIONAL  // a parameter of 'list_in_optional' cannot travel
  GATE_INTERFACE(add, list_in_optional)
#elif FAULT == F_RETURNS_LIST  // what 'returns_list' returns cannot travel
  GATE_INTERFACE(add, returns_list)
#elif FAULT == F_AS_EARLY_LIST  // GATE_INTERFACE_AS: 'early_list' takes the gate::argument_list
  GATE_INTERFACE_AS("e", early_list, int(gate::argument_list, int))
#elif FAULT == F_DOC_OF_LIST  // another number of parameters
  GATE_INTERFACE(late_list)
  GATE_DOC(late_list, "one name for the list", a, args, kwargs)
#elif FAULT == F_RETURNS_STRUCT  // what 'returns_struct' returns cannot travel
  GATE_INTERFACE(add, returns_struct)
#elif FAULT == F_RETURNS_POINTER  // what 'returns_pointer' returns cannot travel
  GATE_INTERFACE(add, returns_pointer)
#elif FAULT == F_RETURNS_UNIQUE  // what 'returns_unique' returns cannot travel
  GATE_INTERFACE(add, returns_unique)
#elif FAULT == F_RETURNS_TASK_OF_STRUCT  // what 'returns_task' returns cannot travel
  GATE_INTERFACE(add, returns_task)
#elif FAULT == F_YIELDS_STRUCT  // what 'yields_struct' returns cannot travel
  GATE_INTERFACE(add, yields_struct)
#elif FAULT == F_YIELDS_POINTER  // what 'yields_pointer' returns cannot travel
  GATE_INTERFACE(add, yields_pointer)
#elif FAULT == F_COROUTINE_IN_POOL  // 'returns_int_task' is a coroutine
  GATE_INTERFACE_ON(gate::run_on::pool, returns_int_task)
#elif FAULT == F_AS_WITHOUT_CONST  // of the type int(int) here
  GATE_INTERFACE_AS("scale_int", scale, int(int))
#elif FAULT == F_AS_TYPO  // no 'scael' of the type
  GATE_INTERFACE_AS("scale_int", scael, int(int) const)
#elif FAULT == F_AS_STRUCT  // a parameter of 'structured' cannot travel
  GATE_INTERFACE_AS("s", structured, int(plain))
#elif FAULT == F_DOC_UNKNOWN  // no method is exposed as 'ad'
  GATE_INTERFACE(add)
  GATE_DOC(ad, "adds", a, b)
#elif FAULT == F_DOC_NOT_LISTED  // no method is exposed as 'divide'
  GATE_INTERFACE(add)
  GATE_DOC(divide, "divides", a, b)
#elif FAULT == F_DOC_TOO_MANY  // another number of parameters
  GATE_INTERFACE(add)
  GATE_DOC(add, "adds", a, b, c)
#elif FAULT == F_DOC_TOO_FEW  // another number of parameters
  GATE_INTERFACE(add)
  GATE_DOC(add, "adds", a)
#endif

  int add(int a, int b) const { return a + b; }
  int divide(int a, int b) const noexcept { return a / b; }
  int scale(int a) const { return a; }
  double scale(double a) const { return a; }
  template <class T> T made(T a) { return a; }
  int value = 3;
  static int fixed(int a) { return a; }
  int moved(int a) && { return a; }
  int pointer(int* a) { return *a; }
  int chars(const char* a) { return *a; }
  int structured(plain p) { return p.a; }
  int in_vector(const std::vector<plain>& p) { return int(p.size()); }
  int in_map(const std::map<std::string, std::vector<plain>>& p) { return int(p.size()); }
  int in_optional(std::optional<plain> p) { return int(p.has_value()); }
  int function(const std::function<int()>& f) { return f(); }
  int steady(std::chrono::steady_clock::time_point) { return 1; }
  int reference(std::string& s) { return int(s.size()); }
  int view(std::string_view s) { return int(s.size()); }
  int late_call(int a, gate::Call&) { return a; }
  int const_call(const gate::Call&, int a) { return a; }
  gate::task<int> early_stream(gate::async_generator<int>, int a) { co_return a; }
  gate::task<int> stream_of_struct(gate::async_generator<plain>) { co_return 1; }
  int plain_stream(gate::async_generator<int>) { return 1; }
  int two_huge(gate::HugeData, gate::HugeData) { return 1; }
  int late_list(int a, const gate::argument_list&) { return a; }
  gate::value list_alone(gate::argument_list all) { return gate::value::of(all.size()); }
  gate::task<gate::value> list_and_stream(gate::argument_list, gate::async_generator<int>) { co_return gate::value(); }
  gate::generator<gate::value> list_and_call(gate::Call&, int, gate::argument_list) { co_return; }
  int two_lists(gate::argument_list, gate::argument_list) { return 1; }
  int early_list(gate::argument_list, int a) { return a; }
  int list_before_huge(gate::argument_list, gate::HugeData) { return 1; }
  gate::task<int> list_behind_stream(gate::async_generator<int>, gate::argument_list) { co_return 1; }
  int list_by_reference(gate::argument_list&) { return 1; }
  int list_in_vector(const std::vector<gate::argument_list>&) { return 1; }
  int list_in_optional(std::optional<gate::argument_list>) { return 1; }
  gate::argument_list returns_list() { return {}; }
  plain returns_struct() { return {}; }
  int* returns_pointer() { return nullptr; }
  std::unique_ptr<plain> returns_unique() { return {}; }
  gate::task<plain> returns_task() { co_return plain(); }
  gate::task<int> returns_int_task() { co_return 1; }
  gate::generator<plain> yields_struct() { co_return; }
  gate::async_generator<int*> yields_pointer() { co_return; }
};

#if FAULT == F_RUN_NO_WORKER  // run_worker<T>
int main(int argc, char** argv) { return gate::run_worker<plain>(argc, argv); }
#elif FAULT == F_RUN_WITHOUT_CONSTRUCTOR  // constructed from nothing
struct needs : Calculator {
  explicit needs(int) {}
};
int main(int argc, char** argv) { return gate::run_worker<needs>(argc, argv); }
#else
Calculator calculator;
#endif

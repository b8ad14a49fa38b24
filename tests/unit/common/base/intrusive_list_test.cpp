#include <iterator>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include <gate/intrusive_list.hpp>

namespace {

struct red;
struct blue;
struct item : gate::intrusive_node<red>, gate::intrusive_node<blue> {
  explicit item(char n) : name(n) {}
  char name;
};
using reds = gate::intrusive_list<item, red>;
using blues = gate::intrusive_list<item, blue>;
static_assert(std::forward_iterator<reds::iterator>);

template <class List> std::string names(const List& list) {
  std::string s;
  for (const item& i : list) s += i.name;
  return s;
}

}  // namespace

TEST_CASE("elements leave a list from anywhere, and are in one list for each tag", "[async]") {
  item a('a'), b('b'), c('c');
  reds r;
  blues u;
  CHECK(r.first() == nullptr);
  for (item* i : {&a, &b, &c}) {
    r.push_back(*i);
    u.push_front(*i);
  }
  CHECK(names(r) == "abc");
  CHECK(names(u) == "cba");
  reds::unlink(b);
  CHECK(names(r) == "ac");
  CHECK(names(u) == "cba");
  CHECK_FALSE(reds::linked(b));
  CHECK(blues::linked(b));
  reds::unlink(b);  // harmless
  CHECK(&r.pop_front() == &a);
  CHECK_FALSE(reds::linked(a));
  CHECK(r.first() == &c);
}

TEST_CASE("an element that is pushed again moves, within its list and to another", "[async]") {
  item a('a'), b('b');
  reds r, s;
  r.push_back(a);
  r.push_back(b);
  r.push_back(a);
  CHECK(names(r) == "ba");
  r.push_back(a);
  CHECK(names(r) == "ba");
  r.push_front(a);
  r.push_front(a);
  CHECK(names(r) == "ab");
  s.push_back(a);
  CHECK(names(r) == "b");
  CHECK(names(s) == "a");
  s.take_all(r);
  CHECK(r.empty());
  CHECK(names(s) == "ab");
}

TEST_CASE("the element that a walk has passed may leave", "[async]") {
  item a('a'), b('b'), c('c');
  reds r, kept;
  for (item* i : {&a, &b, &c}) r.push_back(*i);
  for (auto at = r.begin(); at != r.end();) {
    item& i = *at++;
    if (i.name != 'b') kept.push_back(i);
  }
  CHECK(names(r) == "b");
  CHECK(names(kept) == "ac");
}

TEST_CASE("an element that dies leaves all its lists", "[async]") {
  item a('a'), c('c');
  auto b = std::make_unique<item>('b');
  reds r;
  blues u;
  for (item* i : {&a, b.get(), &c}) {
    r.push_back(*i);
    u.push_front(*i);
  }
  b.reset();
  CHECK(names(r) == "ac");
  CHECK(names(u) == "ca");
}

TEST_CASE("a list that dies lets its elements go", "[async]") {
  item a('a');
  gate::intrusive_node<red>& node = a;
  {
    reds r;
    r.push_back(a);
    CHECK(node.linked());
  }
  CHECK_FALSE(node.linked());
}

// A doubly linked list whose links are in the elements. Adding and removing take O(1) and allocate nothing. An element
// can leave its list without access to the list, and leaves it when it is destroyed. A list owns no elements: when it
// is destroyed, they leave it. Not thread-safe.
#pragma once

#include <cstddef>
#include <iterator>

namespace gate {

template <class T, class Tag> class intrusive_list;

// The base of an element. An element that is in several lists at once has one base for each, with different tags.
template <class Tag> class intrusive_node {
 public:
  intrusive_node() = default;
  intrusive_node(const intrusive_node&) = delete;
  intrusive_node& operator=(const intrusive_node&) = delete;
  ~intrusive_node() { unlink(); }

  bool linked() const noexcept { return next_ != nullptr; }

  void unlink() noexcept {
    if (next_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <class T, class U> friend class intrusive_list;
  intrusive_node* previous_ = nullptr;
  intrusive_node* next_ = nullptr;
};

// T derives publicly from intrusive_node<Tag>. Pushing an element takes it out of the list of the same tag that it is
// in, which may be this list.
template <class T, class Tag = T> class intrusive_list {
  using node = intrusive_node<Tag>;

 public:
  // Removing an element invalidates only the iterators to it: increment such an iterator before.
  class iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = T*;
    using reference = T&;
    iterator() noexcept = default;
    explicit iterator(node* at) noexcept : at_(at) {}
    T& operator*() const noexcept { return static_cast<T&>(*at_); }
    T* operator->() const noexcept { return static_cast<T*>(at_); }
    iterator& operator++() noexcept {
      at_ = at_->next_;
      return *this;
    }
    iterator operator++(int) noexcept {
      iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const iterator& other) const noexcept = default;

   private:
    node* at_ = nullptr;
  };

  intrusive_list() noexcept { head_.previous_ = head_.next_ = &head_; }
  intrusive_list(const intrusive_list&) = delete;
  intrusive_list& operator=(const intrusive_list&) = delete;
  ~intrusive_list() {
    while (!empty()) head_.next_->unlink();
    head_.previous_ = head_.next_ = nullptr;
  }

  bool empty() const noexcept { return head_.next_ == &head_; }
  // The first element. front() needs a list that is not empty; first() returns null for an empty one.
  T& front() const noexcept { return static_cast<T&>(*head_.next_); }
  T* first() const noexcept { return empty() ? nullptr : &front(); }

  void push_back(T& item) noexcept {
    unlink(item);
    insert(item, *head_.previous_, head_);
  }
  void push_front(T& item) noexcept {
    unlink(item);
    insert(item, head_, *head_.next_);
  }
  // The last element; null if the list is empty.
  T* last() const noexcept { return empty() ? nullptr : &static_cast<T&>(*head_.previous_); }
  // The element before `item`; null if `item` is the first.
  T* before(const T& item) const noexcept {
    node* const at = static_cast<const node&>(item).previous_;
    return at == &head_ ? nullptr : &static_cast<T&>(*at);
  }
  // Removes the first element and returns it. The list must not be empty.
  T& pop_front() noexcept {
    T& item = front();
    unlink(item);
    return item;
  }
  // Moves all elements of another list to the end of this one.
  void take_all(intrusive_list& other) noexcept {
    while (!other.empty()) push_back(other.pop_front());
  }

  // unlink() and linked() of an element that has several bases.
  static void unlink(T& item) noexcept { static_cast<node&>(item).unlink(); }
  static bool linked(const T& item) noexcept { return static_cast<const node&>(item).linked(); }

  // Not for a loop in which any element may leave the list: use pop_front() and push_back() there.
  iterator begin() const noexcept { return iterator(head_.next_); }
  iterator end() const noexcept { return iterator(const_cast<node*>(&head_)); }

 private:
  static void insert(node& item, node& before, node& behind) noexcept {
    item.previous_ = &before;
    item.next_ = &behind;
    before.next_ = &item;
    behind.previous_ = &item;
  }

  node head_;
};

}  // namespace gate

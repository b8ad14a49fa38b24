// A doubly linked list whose links live in the elements: joining and leaving never allocate and cost O(1), which is
// what waiters that sit in coroutine frames need. An element leaves its list without knowing which one it is, and when
// it is destroyed; a list that is destroyed lets its elements go. Not thread-safe.
#pragma once

#include <cstddef>
#include <iterator>

namespace gate {

template <class T, class Tag> class intrusive_list;

// Base of an element. The tag tells the links of an element apart that is in several lists at once.
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

// T derives from intrusive_node<Tag>, publicly. An element that is pushed leaves the list of the same tag that it was
// in, which may be this one.
template <class T, class Tag = T> class intrusive_list {
  using node = intrusive_node<Tag>;

 public:
  // Erasing an element makes the iterators to it invalid, and no others: step on before.
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
  // The first element: of a list that is not empty, or null.
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
  // The last element, or null.
  T* last() const noexcept { return empty() ? nullptr : &static_cast<T&>(*head_.previous_); }
  // The element before that one, or null if it is the first.
  T* before(const T& item) const noexcept {
    node* const at = static_cast<const node&>(item).previous_;
    return at == &head_ ? nullptr : &static_cast<T&>(*at);
  }
  // The list must not be empty.
  T& pop_front() noexcept {
    T& item = front();
    unlink(item);
    return item;
  }
  void take_all(intrusive_list& other) noexcept {
    while (!other.empty()) push_back(other.pop_front());
  }

  // The element's own unlink() and linked(), for one that has several nodes.
  static void unlink(T& item) noexcept { static_cast<node&>(item).unlink(); }
  static bool linked(const T& item) noexcept { return static_cast<const node&>(item).linked(); }

  // To walk while any element may leave, use pop_front and push_back.
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

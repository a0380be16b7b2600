/// \file
/// A pointer and a length (C++17 has no std::span).

#ifndef SAM2LUNG_SPAN_HPP
#define SAM2LUNG_SPAN_HPP

#include <array>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace sam2lung {

/// Borrowed elements in a row: what they belong to must outlive the span.
template <typename T> class Span {
public:
    /// The element, without const.
    using value_type = std::remove_cv_t<T>;

    /// No element.
    constexpr Span() noexcept = default;

    /// `size` elements from `data` on.
    constexpr Span(T* data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// All of a vector.
    Span(std::vector<value_type>& all) noexcept : Span(all.data(), all.size()) {}

    /// All of a vector, to read.
    template <typename U = T, typename = std::enable_if_t<std::is_const_v<U>>>
    Span(const std::vector<value_type>& all) noexcept : Span(all.data(), all.size()) {}

    /// All of an array.
    template <std::size_t N> constexpr Span(std::array<value_type, N>& all) noexcept : Span(all.data(), N) {}

    /// All of an array, to read.
    template <std::size_t N, typename U = T, typename = std::enable_if_t<std::is_const_v<U>>>
    constexpr Span(const std::array<value_type, N>& all) noexcept : Span(all.data(), N) {}

    /// What may be written may be read. (With U = T it would be a copy constructor that takes its argument by value.)
    template <typename U, typename = std::enable_if_t<std::is_const_v<T> && std::is_same_v<U, value_type>>>
    constexpr Span(const Span<U>& writable) noexcept : Span(writable.data(), writable.size()) {}

    /// The first element; may be null if there is none.
    constexpr T* data() const noexcept { return data_; }
    /// How many.
    constexpr std::size_t size() const noexcept { return size_; }
    /// Bytes of all of them.
    constexpr std::size_t size_bytes() const noexcept { return size_ * sizeof(T); }
    /// Whether there is none.
    constexpr bool empty() const noexcept { return size_ == 0; }
    /// Element `index` < size().
    constexpr T& operator[](std::size_t index) const noexcept { return data_[index]; }
    /// For loops.
    constexpr T* begin() const noexcept { return data_; }
    /// For loops.
    constexpr T* end() const noexcept { return data_ + size_; }

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace sam2lung

#endif

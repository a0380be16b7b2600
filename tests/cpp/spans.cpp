// What a span can be made of, and what it can't.

#include "check.hpp"

#include <sam2lung.hpp>

#include <array>
#include <type_traits>
#include <vector>

using sam2lung::Span;

static_assert(std::is_trivially_copyable_v<Span<int>> && std::is_trivially_copyable_v<Span<const int>>);
static_assert(std::is_convertible_v<Span<int>, Span<const int>>, "what may be written may be read");
static_assert(!std::is_convertible_v<Span<const int>, Span<int>>, "what may be read can't be written");
static_assert(!std::is_convertible_v<Span<float>, Span<const int>>, "elements aren't converted");
static_assert(!std::is_convertible_v<const std::vector<int>&, Span<int>>, "a const vector can't be written");

static int sum(Span<const int> numbers) {
    int all = 0;
    for (const int number : numbers) {
        all += number;
    }
    return all;
}

TEST(span_of_vector_array_and_writable_span_shows_the_same_elements) {
    std::vector<int> vector{1, 2, 3};
    const std::array<int, 2> array{4, 5};
    Span<int> writable(vector);
    writable[0] = 10;
    const Span<int> copy = writable;
    CHECK(sum(vector) == 15 && sum(array) == 9 && sum(writable) == 15 && sum(copy) == 15);
    CHECK(copy.data() == vector.data() && copy.size_bytes() == 3 * sizeof(int));
}

int main() { return run_all(); }

// What a test program needs: TEST(name) { CHECK(…); }, and run_all() as main.

#ifndef SAM2LUNG_TESTS_CHECK_HPP
#define SAM2LUNG_TESTS_CHECK_HPP

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

struct Test {
    const char* name;
    void (*body)();
};

inline std::vector<Test>& all_tests() {
    static std::vector<Test> tests;
    return tests;
}

#define TEST(name)                                                                                                     \
    static void name();                                                                                                \
    [[maybe_unused]] static const bool name##_is_listed = (all_tests().push_back({#name, name}), true);                \
    static void name()

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            throw std::logic_error(std::string(__FILE__ ":") + std::to_string(__LINE__) + ": " #condition);            \
        }                                                                                                              \
    } while (false)

/// Does something when the scope is left, by an exception too.
template <typename Function> class AtEnd {
public:
    explicit AtEnd(Function function) : function_(function) {}
    ~AtEnd() { function_(); }
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;

private:
    Function function_;
};

/// What `body` throws, or a failure if that is nothing or something else.
template <typename Exception, typename Body> Exception thrown_by(Body&& body) {
    try {
        body();
    } catch (const Exception& exception) {
        return exception;
    }
    throw std::logic_error("nothing was thrown");
}

/// Runs every test of this program; the exit status says whether all are good.
inline int run_all() {
    int failed = 0;
    for (const Test& test : all_tests()) {
        try {
            test.body();
            std::printf("test %s ... ok\n", test.name);
        } catch (const std::exception& exception) {
            std::printf("test %s ... FAILED\n  %s\n", test.name, exception.what());
            ++failed;
        }
    }
    std::printf("%zu passed, %d failed\n", all_tests().size() - static_cast<std::size_t>(failed), failed);
    return failed == 0 ? 0 : 1;
}

#endif

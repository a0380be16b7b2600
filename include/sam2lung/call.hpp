/// \file
/// How a C function is called: its error becomes an exception, and so does what its callbacks threw.

#ifndef SAM2LUNG_CALL_HPP
#define SAM2LUNG_CALL_HPP

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <sam2lung.h>
#include <sam2lung/error.hpp>

#include <sam2lung/macros_off.hpp>
namespace sam2lung {

/// \cond Not for programs.
namespace detail {

/// Owns what `Free` frees.
template <typename T, void (*Free)(T*)> struct Deleter {
    void operator()(T* object) const noexcept { Free(object); }
};
template <typename T, void (*Free)(T*)> using Handle = std::unique_ptr<T, Deleter<T, Free>>;

/// A call of the library that is under way on this thread. An exception must not cross the library's frames, so
/// callbacks leave it here, and it goes on from the C++ side of the call.
class Call {
public:
    Call() noexcept : outer_(innermost()) { innermost() = this; }
    ~Call() { innermost() = outer_; }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    /// The innermost one of this thread, or null: a callback may have called the library again.
    static Call*& innermost() noexcept {
        static thread_local Call* call = nullptr;
        return call;
    }

    /// To be called within a catch block.
    void keep_exception() noexcept { thrown_ = std::current_exception(); }
    /// Whether the call is to end as soon as it can.
    bool has_exception() const noexcept { return thrown_ != nullptr; }

    /// Throws what a callback threw, else the library's error if there is one.
    void finish(sam2lung_status status, const sam2lung_error* error) const {
        if (thrown_ != nullptr) {
            std::rethrow_exception(thrown_);
        }
        if (status != SAM2LUNG_STATUS_OK) {
            throw Error(static_cast<Status>(status), error);
        }
    }

private:
    Call* outer_;
    std::exception_ptr thrown_;
};

/// A text as C takes it. A NUL would end it early, and another file would be read or written than was named.
inline const char* text(const std::string& text, const char* argument) {
    const std::size_t nul = text.find('\0');
    if (nul != std::string::npos) {
        throw Error(Status::invalid_argument, "E_ARGUMENT",
                    std::string(argument) + " is '" + text.substr(0, nul) + "' with a NUL and " +
                        std::to_string(text.size() - nul - 1) + " bytes behind it; expected no NUL");
    }
    return text.c_str();
}

/// Runs `function(sam2lung_error**)`. The error is read after the call, and freed in any case.
template <typename Function> void call(Function&& function) {
    Call call;
    sam2lung_error* raw = nullptr;
    const sam2lung_status status = function(&raw);
    const Handle<sam2lung_error, sam2lung_error_free> error(raw);
    call.finish(status, error.get());
}

/// Runs `function(T** object, sam2lung_error**)`. What it made is freed if a callback threw all the same.
template <typename T, void (*Free)(T*), typename Function> Handle<T, Free> create(Function&& function) {
    Handle<T, Free> object;
    call([&](sam2lung_error** error) {
        T* raw = nullptr;
        const sam2lung_status status = function(&raw, error);
        object.reset(raw);
        return status;
    });
    return object;
}

} // namespace detail
/// \endcond

} // namespace sam2lung

#include <sam2lung/macros_back.hpp>

#endif

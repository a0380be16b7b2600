/// \file
/// What is thrown when a call fails.

#ifndef SAM2LUNG_ERROR_HPP
#define SAM2LUNG_ERROR_HPP

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <sam2lung.h>
#include <sam2lung/enums.hpp>

#include <sam2lung/macros_off.hpp>
namespace sam2lung {

/// A failed call.
class Error : public std::exception {
public:
    /// Takes the library's error apart; it stays the caller's. `raw` may be null.
    Error(Status status, const sam2lung_error* raw) : status_(status), texts_(read(status, raw)) {}

    /// An error that the headers find by themselves, with a name and a message as the library would give them.
    Error(Status status, std::string name, std::string message)
        : status_(status), texts_(made(std::move(name), std::move(message))) {}

    /// What kind of failure it was.
    Status status() const noexcept { return status_; }
    /// For people, whole: "E_NAME: what was got, what was expected, what to do".
    const char* what() const noexcept override { return texts_->whole.c_str(); }
    /// The same without the name.
    const std::string& message() const noexcept { return texts_->message; }
    /// The name that stays the same, for example "E_NOT_HU".
    const std::string& name() const noexcept { return texts_->name; }
    /// The stage that ran, for people, for example "Segmenting slices"; empty where none ran.
    const std::string& stage() const noexcept { return texts_->stage; }
    /// What to do; empty where there is nothing to add.
    const std::string& remedy() const noexcept { return texts_->remedy; }

private:
    struct Texts {
        std::string whole, name, message, stage, remedy;
    };

    static std::shared_ptr<const Texts> made(std::string name, std::string message) {
        Texts texts;
        texts.whole = name + ": " + message;
        texts.name = std::move(name);
        texts.message = std::move(message);
        return std::make_shared<const Texts>(std::move(texts));
    }

    static std::shared_ptr<const Texts> read(Status status, const sam2lung_error* raw) {
        Texts texts;
        if (raw == nullptr) { // memory was too short for an error object
            texts.whole = texts.message = sam2lung_status_name(static_cast<std::int32_t>(status));
        } else {
            texts.name = sam2lung_error_name(raw);
            texts.message = sam2lung_error_message(raw);
            texts.stage = sam2lung_error_stage(raw);
            texts.remedy = sam2lung_error_remedy(raw);
            texts.whole = texts.name + ": " + texts.message;
        }
        return std::make_shared<const Texts>(std::move(texts));
    }

    Status status_;
    std::shared_ptr<const Texts> texts_; // shared, because copying an exception must not throw
};

static_assert(std::is_nothrow_copy_constructible_v<Error>, "exceptions are copied while they are thrown");

} // namespace sam2lung

#include <sam2lung/macros_back.hpp>

#endif

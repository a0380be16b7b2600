// The other file of twice.cpp.

#include <sam2lung.hpp>

const void* address_from_the_other_file();
const void* address_from_the_other_file() { return &sam2lung::detail::Log::instance(); }

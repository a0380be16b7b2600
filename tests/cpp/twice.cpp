// Both headers in two files of one program, each included twice: nothing may be defined doubly.

#include <sam2lung.h>
#include <sam2lung.hpp>

#include <sam2lung.h>
#include <sam2lung.hpp>

#include <cstdio>

const void* address_from_the_other_file();
static const void* address_of_the_log() { return &sam2lung::detail::Log::instance(); }

int main() {
    const bool one_receiver = address_of_the_log() == address_from_the_other_file();
    std::printf("test headers_in_two_files_share_one_log_receiver ... %s\n", one_receiver ? "ok" : "FAILED");
    return one_receiver ? 0 : 1;
}

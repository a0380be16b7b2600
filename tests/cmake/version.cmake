# cmake -DCMAKE_PREFIX_PATH=PREFIX -P version.cmake: the package doesn't pass for another version than its own.

find_package(sam2lung 0.99 CONFIG QUIET)
if(sam2lung_FOUND OR NOT sam2lung_CONSIDERED_CONFIGS)
    message(FATAL_ERROR "version 0.99 was asked for: found \"${sam2lung_FOUND}\", considered "
        "\"${sam2lung_CONSIDERED_CONFIGS}\"; expected to consider one and to find none")
endif()

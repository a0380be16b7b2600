/* Prints the library's version and the ONNX Runtime that it finds. */

#include <stdio.h>

#include <sam2lung.h>

int main(void) {
    sam2lung_runtime *runtime = NULL;
    sam2lung_error *error = NULL;
    if (sam2lung_runtime_load(NULL, &runtime, &error) != SAM2LUNG_STATUS_OK) {
        fprintf(stderr, "%s\n", sam2lung_error_message(error));
        sam2lung_error_free(error);
        return 1;
    }
    printf("%s %s\n", sam2lung_version(), sam2lung_runtime_library(runtime));
    sam2lung_runtime_free(runtime);
    return 0;
}

/* A C program that uses the library as others do: by its header and shared object alone. */
#include <sam2lung.h>
#include <sam2lung.h> /* twice: the include guard holds */

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: version EXPECTED_VERSION\n");
        return 2;
    }
    if (strcmp(sam2lung_version(), argv[1]) != 0) {
        fprintf(stderr, "sam2lung_version() is \"%s\"; expected \"%s\"\n", sam2lung_version(), argv[1]);
        return 1;
    }
    if (sam2lung_abi_version() != SAM2LUNG_ABI_VERSION) {
        fprintf(stderr, "sam2lung_abi_version() is %u; expected %u as in the header\n",
                (unsigned)sam2lung_abi_version(), (unsigned)SAM2LUNG_ABI_VERSION);
        return 1;
    }
    printf("libsam2lung %s, ABI %u\n", sam2lung_version(), (unsigned)sam2lung_abi_version());
    return 0;
}

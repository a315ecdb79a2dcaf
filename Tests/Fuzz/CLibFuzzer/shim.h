#pragma once
#include <stddef.h>
#include <stdint.h>

// libFuzzer has no header. It comes into the program with -sanitize=fuzzer.
// https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*target)(const uint8_t *data, size_t size));

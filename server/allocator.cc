// How jemalloc, which programs that link it allocate with, gives memory back: what is free for a
// second goes to the system, also while nobody allocates (docs/adr/0020-jemalloc.md).

extern "C" const char* const malloc_conf =  // NOLINT(readability-identifier-naming): jemalloc's.
    "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";

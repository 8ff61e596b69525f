/// Calls of malloc, calloc, realloc and their kin by the current thread since it began; -1 where another allocator is in
/// place (under the sanitizers).
long allocations_of_this_thread(void);

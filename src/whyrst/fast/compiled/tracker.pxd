from whyrst.fast.compiled.constants cimport *

cdef extern from *:
    void prefetch "__builtin_prefetch"(const void* address) noexcept nogil

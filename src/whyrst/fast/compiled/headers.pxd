from whyrst.fast.compiled.constants cimport *

cdef extern from *:
    """
    static inline long long whyrst_four(const unsigned char *at) {
        return ((long long)at[0] << 24) | ((long long)at[1] << 16) | ((long long)at[2] << 8) | at[3];
    }
    """
    long long four "whyrst_four"(const unsigned char *at) noexcept nogil

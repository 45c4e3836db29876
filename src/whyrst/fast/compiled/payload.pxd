from whyrst.fast.compiled.constants cimport *

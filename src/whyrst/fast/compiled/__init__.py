"""Where the build puts the compiled form of the modules in `whyrst.fast`."""

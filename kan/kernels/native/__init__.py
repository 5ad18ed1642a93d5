"""Machine code of the kernels that serve: kept on disk, loaded without numba, called without overhead."""

"""How every kernel is compiled: cached on disk, without the lock of the interpreter, without unsafe arithmetic."""

from contextlib import suppress

from numba import njit

from kan.kernels.native.object_file import source_stamp

# One kernel is compiled into those that call it, but numba's cache looks at the caller's file alone.
_STAMP = source_stamp()

OPTIONS = {"error_model": "numpy", "boundscheck": False, "fastmath": {"contract", "nsz"}}


def compiled(function, *, counts_owners=False, is_inlined=False):
    """Compiles a kernel at its first call for each type of numbers; later processes load it from the cache.

    boundscheck off: the kernels are called with checked shapes only. Fused products and sums are allowed, but no
    assumption that numbers are finite and no other order of sums.

    Args:
        counts_owners: needed to make arrays; without, calls are many times cheaper, for none counts who holds what.
        is_inlined: its text is put into its callers, where the compiler would rather call it.
    """
    kernel = njit(_nrt=counts_owners, forceinline=is_inlined, nogil=True, **OPTIONS)(function)
    # Where no folder can be written to, every process compiles for itself.
    with suppress(RuntimeError):
        kernel.enable_caching()
        kernel._cache._cache_file._source_stamp = _STAMP
    return kernel


def entry(function):
    """Compiles a kernel that Python calls and that makes the arrays it needs."""
    return compiled(function, counts_owners=True)


def innermost(function):
    """Compiles what innermost loops call: vectors would not stay in registers over a call."""
    return compiled(function, is_inlined=True)

"""The functions of Z3's C library that the engines call, without Z3's Python package.

That package takes 30 ms to import and several calls of Python for each of C. Handles (contexts, terms, solvers) are
plain addresses here; a null handle is None. Errors go to the handler of a context: nothing else tells of them.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import c_bool, c_char_p, c_int, c_int64, c_uint, c_uint64, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ErrorHandler = ctypes.CFUNCTYPE(None, c_void_p, c_uint)
_SUFFIX = {"win32": "dll", "cygwin": "dll", "darwin": "dylib"}.get(sys.platform, "so")


@cache
def _library() -> ctypes.CDLL:
    """The library in the folder of the package; if it is elsewhere, the package is imported to find it."""
    package = find_spec("z3")
    for folder in (package.submodule_search_locations or ()) if package else ():
        # The name with a version is the one that the package itself loads: not two copies in one process.
        for path in sorted(Path(folder, "lib").glob(f"libz3.{_SUFFIX}*"), reverse=True):
            return ctypes.CDLL(str(path))
    from z3 import z3core

    return z3core.lib()  # type: ignore[no-any-return]


def _function(name: str, result: Any, *arguments: Any, long: bool = False) -> Any:
    """A function of the library. `long`: it may run for long, and lets other threads run meanwhile."""
    prototype = (ctypes.CFUNCTYPE if long else ctypes.PYFUNCTYPE)(result, *arguments)
    return prototype((name, _library()))


_P, _N = c_void_p, c_uint

global_param_set = _function("Z3_global_param_set", None, c_char_p, c_char_p)
allocated_bytes = _function("Z3_get_estimated_alloc_size", c_uint64)

mk_config = _function("Z3_mk_config", _P)
del_config = _function("Z3_del_config", None, _P)
mk_context = _function("Z3_mk_context", _P, _P)
del_context = _function("Z3_del_context", None, _P)
set_error_handler = _function("Z3_set_error_handler", None, _P, ErrorHandler)
error_message = _function("Z3_get_error_msg", c_char_p, _P, _N)

mk_bool_sort = _function("Z3_mk_bool_sort", _P, _P)
mk_int_sort = _function("Z3_mk_int_sort", _P, _P)
mk_int_symbol = _function("Z3_mk_int_symbol", _P, _P, c_int)
mk_string_symbol = _function("Z3_mk_string_symbol", _P, _P, c_char_p)
mk_const = _function("Z3_mk_const", _P, _P, _P, _P)
mk_int = _function("Z3_mk_int64", _P, _P, c_int64, _P)
mk_true = _function("Z3_mk_true", _P, _P)
mk_false = _function("Z3_mk_false", _P, _P)
mk_not = _function("Z3_mk_not", _P, _P, _P)
mk_and = _function("Z3_mk_and", _P, _P, _N, _P)
mk_or = _function("Z3_mk_or", _P, _P, _N, _P)
mk_ite = _function("Z3_mk_ite", _P, _P, _P, _P, _P)
mk_eq = _function("Z3_mk_eq", _P, _P, _P, _P)
mk_le = _function("Z3_mk_le", _P, _P, _P, _P)
mk_add = _function("Z3_mk_add", _P, _P, _N, _P)
mk_sub = _function("Z3_mk_sub", _P, _P, _N, _P)
mk_mul = _function("Z3_mk_mul", _P, _P, _N, _P)
mk_div = _function("Z3_mk_div", _P, _P, _P, _P)
mk_atleast = _function("Z3_mk_atleast", _P, _P, _N, _P, _N)
mk_atmost = _function("Z3_mk_atmost", _P, _P, _N, _P, _N)
numeral_string = _function("Z3_get_numeral_string", c_char_p, _P, _P)

mk_params = _function("Z3_mk_params", _P, _P)
params_inc_ref = _function("Z3_params_inc_ref", None, _P, _P)
params_dec_ref = _function("Z3_params_dec_ref", None, _P, _P)
params_set_bool = _function("Z3_params_set_bool", None, _P, _P, _P, c_bool)
params_set_uint = _function("Z3_params_set_uint", None, _P, _P, _P, _N)

mk_simple_solver = _function("Z3_mk_simple_solver", _P, _P)
solver_inc_ref = _function("Z3_solver_inc_ref", None, _P, _P)
solver_dec_ref = _function("Z3_solver_dec_ref", None, _P, _P)
solver_set_params = _function("Z3_solver_set_params", None, _P, _P, _P)
solver_assert = _function("Z3_solver_assert", None, _P, _P, _P)
solver_push = _function("Z3_solver_push", None, _P, _P, long=True)
solver_pop = _function("Z3_solver_pop", None, _P, _P, _N)
solver_check = _function("Z3_solver_check_assumptions", c_int, _P, _P, _N, _P, long=True)
solver_get_model = _function("Z3_solver_get_model", _P, _P, _P)
solver_get_unsat_core = _function("Z3_solver_get_unsat_core", _P, _P, _P)
solver_reason_unknown = _function("Z3_solver_get_reason_unknown", c_char_p, _P, _P)
solver_get_statistics = _function("Z3_solver_get_statistics", _P, _P, _P)

stats_inc_ref = _function("Z3_stats_inc_ref", None, _P, _P)
stats_dec_ref = _function("Z3_stats_dec_ref", None, _P, _P)
stats_size = _function("Z3_stats_size", _N, _P, _P)
stats_key = _function("Z3_stats_get_key", c_char_p, _P, _P, _N)
stats_value = _function("Z3_stats_get_uint_value", _N, _P, _P, _N)

model_inc_ref = _function("Z3_model_inc_ref", None, _P, _P)
model_dec_ref = _function("Z3_model_dec_ref", None, _P, _P)
model_eval = _function("Z3_model_eval", c_bool, _P, _P, _P, c_bool, _P)
vector_inc_ref = _function("Z3_ast_vector_inc_ref", None, _P, _P)
vector_dec_ref = _function("Z3_ast_vector_dec_ref", None, _P, _P)
vector_size = _function("Z3_ast_vector_size", _N, _P, _P)
vector_get = _function("Z3_ast_vector_get", _P, _P, _P, _N)

# What a term is made of.
ast_kind = _function("Z3_get_ast_kind", _N, _P, _P)
to_app = _function("Z3_to_app", _P, _P, _P)
app_arguments = _function("Z3_get_app_num_args", _N, _P, _P)
app_argument = _function("Z3_get_app_arg", _P, _P, _P, _N)
app_decl = _function("Z3_get_app_decl", _P, _P, _P)
decl_kind = _function("Z3_get_decl_kind", _N, _P, _P)
decl_parameter = _function("Z3_get_decl_int_parameter", c_int, _P, _P, _N)
decl_name = _function("Z3_get_decl_name", _P, _P, _P)
symbol_int = _function("Z3_get_symbol_int", c_int, _P, _P)
sort_of = _function("Z3_get_sort", _P, _P, _P)
sort_kind = _function("Z3_get_sort_kind", _N, _P, _P)

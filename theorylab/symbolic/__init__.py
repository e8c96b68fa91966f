"""Formulas as sympy expressions, and the same formulas as functions of tensors."""

from theorylab.symbolic import forms
from theorylab.symbolic.forms import as_torch

__all__ = ["as_torch", "forms"]

"""Theorems as executable claims: one folder per paper, one file per statement."""

"""The few hot loops, compiled by Cython; the same source runs uncompiled with equal results."""

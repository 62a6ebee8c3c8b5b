"""What compares methods: tables, figures and published results, made from scores alone.

It is not for computing scores; that is `metrics`.
"""

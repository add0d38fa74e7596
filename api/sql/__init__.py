"""POST /sql: one SELECT on the marts, checked, and run in a process of its own.

DuckDB's own limits do not hold for every function: `len(range(300000000))` takes 18 GB under a memory
limit of 512 MB and cannot be interrupted for minutes. A process can be limited and killed.
"""

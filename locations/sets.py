"""Sets of EDI types in SQL, as the extension intarray reckons with them: ascending arrays without doubles.

It stands in a schema of its own and is named where it is used. On the search path its `&&` and `@>` would stand before
those of PostgreSQL, which the index of EDI types knows.
"""

UNION = "OPERATOR(intarray.|)"
LESS = "OPERATOR(intarray.-)"
BOTH = "OPERATOR(intarray.&)"
SHARE = "OPERATOR(intarray.&&)"
WITHIN = "OPERATOR(intarray.<@)"

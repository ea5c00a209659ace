"""Makes synthetic SOR2 extracts: the files, headers and oddities of the real ones, with invented content.

Knows no Django. `make_extract` is the one entry; everything in a file follows from its arguments, so the same
arguments give the same bytes.
"""

from sorimport.synthetic.extract import make_extract

__all__ = ["make_extract"]

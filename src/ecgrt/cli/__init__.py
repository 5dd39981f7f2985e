"""The commands: a file each, with a thin main; everything heavy is imported when one runs.

======  ===========================================================================
exit    meaning
======  ===========================================================================
0       everything was done
1       a record failed, or with ``--strict`` had a warning; the others are answered
2       nothing was done: wrong usage, no plan, no such file, no room for the output
130     interrupted
141     what reads the output was closed (``| head``)
======  ===========================================================================
"""

"""The commands: a file each, with a thin main; everything heavy is imported when one runs.

======  ====================================================================
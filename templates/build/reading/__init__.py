"""What a table is, whatever file it comes from: files, header, lines, delimiters, and how a value is spelled."""

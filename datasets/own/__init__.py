"""One's own data: an .npz file, a table with files beside it, or arrays and data frames in memory."""

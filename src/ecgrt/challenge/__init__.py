"""The PhysioNet/CinC Challenge 2017: its data, score, evaluation and entries."""

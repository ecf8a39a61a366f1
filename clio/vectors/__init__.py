"""Vectors: stored, clustered, contrasted, judged and laid out on a plane. Rows are unit vectors, float32."""

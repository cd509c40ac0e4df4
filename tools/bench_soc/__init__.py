"""The charge estimator judged on recordings of real cells: `make bench-soc`."""

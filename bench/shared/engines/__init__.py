"""The engines that do the shared job, each run in an environment of its own."""

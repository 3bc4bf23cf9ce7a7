"""What the benchmarks on a real Kafka share: the job, its engines, and how they are measured."""

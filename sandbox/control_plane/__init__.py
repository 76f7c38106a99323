"""The control plane: ministack as a child process, the stack deployed to it, its queues, logs and metrics."""

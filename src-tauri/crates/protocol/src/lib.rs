//! What crosses between the backend and its front ends: tasks, commands, errors, configuration.

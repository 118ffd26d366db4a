//! The program: tasks, hosts, deploy, connect, chat.

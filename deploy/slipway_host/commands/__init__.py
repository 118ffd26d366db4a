"""The subcommands; each takes the parameters and gives the data of its result."""

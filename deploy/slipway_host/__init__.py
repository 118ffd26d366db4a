"""What Slipway does on a host. The contract is the docstring of deploy_llm_server.py."""

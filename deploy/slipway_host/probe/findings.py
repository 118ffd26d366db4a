"""The findings of a preflight: each line a severity, a code, a sentence and the fix."""


class Findings:
    """Collects them. An error stops a deploy, a warning does not, ok tells what was looked at."""

    def __init__(self):
        self.items = []

    def add(self, severity, code, message, fix="", **params):
        self.items.append({"severity": severity, "code": code, "message": message, "fix": fix or "",
                           "params": {key: str(value) for key, value in params.items()}})

    def failure(self, failure, severity="error"):
        self.items.append({"severity": severity, "code": failure.code, "message": str(failure),
                           "fix": failure.params.get("fix", ""), "params": failure.params})

"""Work that goes on when the link is lost: a process of its own, a record of its events, who follows it."""

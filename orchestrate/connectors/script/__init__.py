"""RPA bots and existing automations, each run as a process of its own with limits."""

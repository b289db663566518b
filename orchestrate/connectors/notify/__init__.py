"""Messages to people: by mail, chat and whatever else Apprise reaches, acknowledged where it counts."""

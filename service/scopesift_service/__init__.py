"""The moderation service: drop-in REST APIs in front of the engine."""

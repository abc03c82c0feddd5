"""A product changes hands: to a colleague, or to another organisation with the consent of both."""

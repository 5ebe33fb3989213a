"""The page that asks somebody new for what their provider did not say, or said without our trusting it."""

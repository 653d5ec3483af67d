"""AWS's protocols over HTTP: requests read, answers written, errors worded."""

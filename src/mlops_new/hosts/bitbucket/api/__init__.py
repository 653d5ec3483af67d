"""Requests to Bitbucket's REST API: sign in, repeat, read the answers, and write so that a repetition does no harm."""

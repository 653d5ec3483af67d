"""The embedded platform over HTTP, as the AWS services that its clients know."""

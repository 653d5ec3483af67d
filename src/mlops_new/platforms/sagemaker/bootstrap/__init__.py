"""What an account needs before any project: one CloudFormation stack."""

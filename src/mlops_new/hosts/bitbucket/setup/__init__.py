"""What a repository has at Bitbucket besides its commits: Pipelines, rules, reviewers, webhooks."""

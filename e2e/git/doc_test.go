// Package git_test holds the writing half of the bot against real servers: the built
// program, a Gitea, a registry, and people who use Git beside it. Witnesses read the
// server's own repositories with git(1), which shares no code with what is tested.
package git_test

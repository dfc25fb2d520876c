// Package pulls_test holds the life of pull requests as stories: of tags that appear,
// of what people do, and of what the bot answers. The stories stand in testdata/*.txt.
// Each is told to our GitHub-compatible server, once by a bot that keeps running and
// once by one that starts anew, without its state, for every round; and to a Gitea.
// Beside them stand the bad days: bots that are killed, bots that share a repository,
// forges that fail at every call, and many updates at once.
//
// A story is a file of commands, each with what it prints. `go test -run Stories
// -update ./pulls` writes what is printed now.
package pulls_test
